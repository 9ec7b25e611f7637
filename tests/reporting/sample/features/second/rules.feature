Feature: Rules have backgrounds of their own

  Background:
    Given a basket with 3 apples

  Scenario: Outside of every rule
    Then 3 apples are left

  Rule: Pears are counted apart
    They are no apples.

    Background:
      Given 2 pears

    Scenario: Both are there
      Then 3 apples are left
      And 2 pears are left

  Rule: Tables and texts are read

    Scenario: A list of fruit & <b>bold</b> prices
      When these are added:
        | fruit | price |
        | apple | 1     |
        | pear  | <2>   |
      And the note says:
        """
        Fresh fruit,
          every day
        """
      Then 3 apples are left
