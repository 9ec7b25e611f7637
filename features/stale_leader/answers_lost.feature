@wire-faults
Feature: When the answer to a request is lost, the agent finds out what happened instead of guessing

  Background:
    Given a pod "shop/web-0"
    And a deployment "shop/cart" with 2 pods
    And the leader "replica-1"

  Scenario: The pod was deleted, and the answer was lost
    Given the answer to "replica-1" will be lost after the effect
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And the action "c1:v1" is "succeeded"

  Scenario: The pod was deleted without grace, and the answer was lost
    Given the answer to "replica-1" will be lost after the effect
    When the config "c1" version 1 orders to delete the pod "shop/web-0", with:
      | grace_period_seconds | 0 |
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And the action "c1:v1" is "succeeded"

  Scenario: The deployment was restarted, and the answer was lost
    Given the answer to "replica-1" will be lost after the effect
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "succeeded"

  Scenario Outline: The request to <do> was lost on its way
    Given the request of "replica-1" will be lost before the effect
    When the config "c1" version 1 orders to <do> "<name>"
    And the system works
    Then the <kind> "<name>" was <done> once, by "replica-1"
    And the action "c1:v1" is "succeeded"

    Examples:
      | do                     | kind       | name       | done      |
      | delete the pod         | pod        | shop/web-0 | deleted   |
      | restart the deployment | deployment | shop/cart  | restarted |

  Scenario Outline: The answer to the note of <note> is lost
    Given the answer to "replica-1" will be lost after <note>
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted once
    And the action "c1:v1" is "succeeded"
    And the destination counts "c1:v1" once, as "succeeded"

    Examples:
      | note                 |
      | accepting the action |
      | noting its intent    |
      | noting the outcome   |

  Scenario Outline: The answer takes longer than the agent waits, to <do>
    Given the answer to "replica-1" will come 30 seconds late after the effect
    When the config "c1" version 1 orders to <do> "<name>"
    And the system works for 60 seconds
    Then the <kind> "<name>" was <done> once, by "replica-1"
    And the action "c1:v1" is "succeeded"

    Examples:
      | do                     | kind       | name       | done      |
      | delete the pod         | pod        | shop/web-0 | deleted   |
      | restart the deployment | deployment | shop/cart  | restarted |
