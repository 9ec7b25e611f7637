@sample
Feature: Everything that can become of a scenario
  What a report shows of it is tested; that it says so is the point.

  Background:
    Given a basket with 3 apples

  Scenario: It passes
    When 1 apple is eaten
    Then 2 apples are left

  Scenario: A step fails
    When 1 apple is eaten
    Then 3 apples are left
    And 0 pears are left

  Scenario: A step is not defined
    When an apple is juggled
    Then 3 apples are left

  @never
  Scenario: It is skipped by a mark
    Then 3 apples are left

  Scenario: It is skipped by a step
    Given there is no orchard
    Then 3 apples are left

  @known
  Scenario: It is known to fail
    Then 4 apples are left

  @broken-fixture
  Scenario: A fixture fails
    Then 3 apples are left

  @broken-end
  Scenario: It fails while the fixtures are torn down
    Then 3 apples are left

  Scenario Outline: <eaten> of 3 are eaten
    When <eaten> apples are eaten
    Then <left> apples are left

    Examples: Right
      | eaten | left |
      | 1     | 2    |
      | 3     | 0    |

    Examples: Wrong
      | eaten | left |
      | 2     | 2    |
