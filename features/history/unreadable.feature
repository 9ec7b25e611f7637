@wire-faults
Feature: When the history cannot be read or is not ours, nothing is executed

  Background:
    Given a pod "shop/web-0"
    And a pod "shop/web-1"
    And the leader "replica-1"
    And the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works

  Scenario Outline: Its <part> is <damage>
    When "replica-1" dies
    And somebody writes "<damage>" into the <part> of the history
    And "replica-2" starts
    And the config "c2" version 1 orders to delete the pod "shop/web-1"
    And the system works
    Then the pod "shop/web-1" was never deleted
    And the agents say that the history is not to be trusted: ""

    Examples:
      | part                 | damage            |
      | description          | half a document { |
      | description          | []                |
      | record of "c1:v1"    | half a document { |
      | schema version       | 99                |
      | cluster UID          | another-cluster   |

  Scenario: A record is taken out of it by hand, so that its action would run again
    When "replica-1" dies
    And somebody takes the record of "c1:v1" out of the history
    Given a pod "shop/web-0"
    When "replica-2" starts
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And the agents say that the history is not to be trusted: "was edited"

  Scenario: The history is another cluster's
    When "replica-1" dies
    And somebody writes "another-cluster" into the cluster UID of the history
    And "replica-2" starts
    And the config "c2" version 1 orders to delete the pod "shop/web-1"
    And the system works
    Then the pod "shop/web-1" was never deleted
    And the agents say that the history is not to be trusted: "another cluster"

  Scenario: The agent may not read it
    Given "replica-2" may not "get" "configmaps"
    When "replica-1" dies
    And "replica-2" starts
    And the config "c2" version 1 orders to delete the pod "shop/web-1"
    And the system works
    Then the pod "shop/web-1" was never deleted

  Scenario: The agent may not write it
    Given "replica-2" may not "patch" "configmaps"
    When "replica-1" dies
    And "replica-2" starts
    And the config "c2" version 1 orders to delete the pod "shop/web-1"
    And the system works
    Then the pod "shop/web-1" was never deleted

  Scenario: It becomes readable again, and the work goes on
    Given "replica-1" may not "get" "configmaps"
    And "replica-1" may not "patch" "configmaps"
    When the config "c2" version 1 orders to delete the pod "shop/web-1"
    And the system works
    Then the pod "shop/web-1" was never deleted
    When the agents are permitted again
    And the system works for 60 seconds
    Then the pod "shop/web-1" was deleted once, by "replica-1"
    And the action "c2:v1" is "succeeded"
