@wire-faults
Feature: A leader that stood still for longer than its lease does no harm when it wakes up

  Background:
    Given a pod "shop/web-0"
    And a deployment "shop/cart" with 2 pods
    And the leader "replica-1"
    And the standby "replica-2"

  Scenario Outline: A pod is deleted once though the leader stands still just <moment>
    Given "replica-1" will stand still for 30 seconds just <moment>
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then "replica-2" leads
    And the pod "shop/web-0" was deleted once, by "<by>"
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

  Scenario Outline: A deployment is restarted once though the leader stands still just <moment>
    Given "replica-1" will stand still for 30 seconds just <moment>
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then "replica-2" leads
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

  Scenario: A leader that slept between two rounds executes nothing when it wakes up
    When "replica-1" stands still
    And the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    And "replica-1" wakes up
    And the system works
    Then "replica-2" leads
    And the pod "shop/web-0" was deleted once, by "replica-2"

  Scenario: The leader wakes up as the only one left and leads again
    When "replica-1" stands still
    And the system works
    And "replica-2" dies
    And "replica-1" wakes up
    And the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then "replica-1" leads
    And the pod "shop/web-0" was deleted once, by "replica-1"

  @pods-run
  Scenario: The pod's replacement has the same name, and the stale leader does not touch it
    Given "replica-1" will stand still for 30 seconds just before the effect
    And somebody will recreate the pod "shop/web-0" when it is deleted
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-2"
    And a pod "shop/web-0" is running
