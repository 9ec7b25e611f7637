@wire-faults
Feature: When the leader dies, the other replica finishes its work, once

  Background:
    Given a pod "shop/web-0"
    And a deployment "shop/cart" with 2 pods
    And the leader "replica-1"
    And the standby "replica-2"

  Scenario Outline: A pod is deleted once though the leader dies just <moment>
    Given "replica-1" will die just <moment>
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then "replica-1" is dead
    And the pod "shop/web-0" was deleted once, by "<by>"
    And the pod "shop/web-0" is gone
    And the action "c1:v1" is "succeeded"
    And the destination counts "c1:v1" once, as "succeeded"

    Examples:
      | moment                      | by        |
      | before accepting the action | replica-2 |
      | after accepting the action  | replica-2 |
      | before noting its intent    | replica-2 |
      | after noting its intent     | replica-2 |
      | before the effect           | replica-2 |
      | after the effect            | replica-1 |
      | before noting the outcome   | replica-1 |
      | after noting the outcome    | replica-1 |
      | before reporting            | replica-1 |
      | after reporting             | replica-1 |

  Scenario Outline: A deployment is restarted once though the leader dies just <moment>
    Given "replica-1" will die just <moment>
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then "replica-1" is dead
    And the deployment "shop/cart" was restarted once, by "<by>"
    And the action "c1:v1" is "succeeded"
    And the destination counts "c1:v1" once, as "succeeded"

    Examples:
      | moment                      | by        |
      | before accepting the action | replica-2 |
      | after accepting the action  | replica-2 |
      | before noting its intent    | replica-2 |
      | after noting its intent     | replica-2 |
      | before the effect           | replica-2 |
      | after the effect            | replica-1 |
      | before noting the outcome   | replica-1 |
      | after noting the outcome    | replica-1 |
      | before reporting            | replica-1 |
      | after reporting             | replica-1 |

  Scenario: Three leaders die one after the other over the same action
    Given the standby "replica-3"
    And the standby "replica-4"
    And "replica-1" will die just after accepting the action
    And "replica-2" will die just before the effect
    And "replica-3" will die just after the effect
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works for 120 seconds
    Then the deployment "shop/cart" was restarted once
    And the action "c1:v1" is "succeeded"
    And the destination counts "c1:v1" once, as "succeeded"

  Scenario: The dead leader comes back under its own name and finds the work done
    Given "replica-1" will die just after the effect
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    And "replica-1" starts
    And the system works for 60 seconds
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And "replica-2" leads
