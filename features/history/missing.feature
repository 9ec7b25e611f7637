Feature: When the history is missing, nothing is executed until somebody has looked

  Background:
    Given a pod "shop/web-0"
    And a pod "shop/web-1"
    And the leader "replica-1"
    And the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works

  Scenario: It is deleted while an agent leads
    When somebody deletes the history
    And the config "c2" version 1 orders to delete the pod "shop/web-1"
    And the system works
    Then the pod "shop/web-1" was never deleted
    And the agents say that the history is not to be trusted: "missing"

  Scenario: It is deleted together with the lease while an agent leads
    When somebody deletes the history and the lease
    And the config "c2" version 1 orders to delete the pod "shop/web-1"
    And the system works
    Then the pod "shop/web-1" was never deleted
    And the agents say that the history is not to be trusted: "missing"

  Scenario: It is deleted together with the lease, and the next leader had only watched
    When "replica-2" starts
    And the system works
    And somebody deletes the history and the lease
    And "replica-1" dies
    And the config "c2" version 1 orders to delete the pod "shop/web-1"
    And the system works
    Then the pod "shop/web-1" was never deleted
    And the agents say that the history is not to be trusted: "missing"

  Scenario: It is deleted while no agent runs
    When "replica-1" dies
    And somebody deletes the history
    And "replica-2" starts
    And the config "c2" version 1 orders to delete the pod "shop/web-1"
    And the system works
    Then the pod "shop/web-1" was never deleted
    And the agents say that the history is not to be trusted: "missing"

  Scenario: Somebody creates an empty one in its place
    When "replica-1" dies
    And somebody replaces the history by an empty one
    And "replica-2" starts
    And the config "c2" version 1 orders to delete the pod "shop/web-1"
    And the system works
    Then the pod "shop/web-1" was never deleted
    And the agents say that the history is not to be trusted: ""

  Scenario: Somebody restores it from a backup that is older than the last takeover
    Given somebody keeps a backup of the history
    When "replica-1" dies
    And "replica-2" starts
    And the system works
    And "replica-2" dies
    And somebody restores the history from the backup
    And "replica-3" starts
    And the config "c2" version 1 orders to delete the pod "shop/web-1"
    And the system works
    Then the pod "shop/web-1" was never deleted
    And the agents say that the history is not to be trusted: ""

  Scenario: The first start in a new cluster creates it
    Then the history exists
    And the action "c1:v1" is "succeeded"
