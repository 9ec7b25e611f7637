@wire-faults
Feature: delete_pod deletes the pod that was meant, and no other

  Background:
    Given a pod "shop/web-0"
    And the leader "replica-1"

  Scenario: A pod is deleted
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And the pod "shop/web-0" is gone
    And the action "c1:v1" is "succeeded"
    And the destination counts "c1:v1" once, as "succeeded"

  @virtual-time
  Scenario: A pod is deleted as soon as the leader reads its sources
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1", at 10:00:09

  Scenario: The API server's audit log names the action that a deletion belongs to
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the deletion of the pod "shop/web-0" carries the mark of "c1:v1"

  Scenario Outline: The grace period is the one that was ordered
    When the config "c1" version 1 orders to delete the pod "shop/web-0", with:
      | grace_period_seconds | <ordered> |
    And the system works for <wait> seconds
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And the pod "shop/web-0" is gone

    Examples:
      | ordered | wait |
      | 0       | 5    |
      | 10      | 30   |

  Scenario: There is no such pod
    When the config "c1" version 1 orders to delete the pod "shop/web-9"
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "failed" and says "gone"
    And the destination counts "c1:v1" once, as "failed"

  Scenario: The pod with the ordered UID
    When the config "c1" version 1 orders to delete the pod "shop/web-0" by its UID
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"

  @pods-run
  Scenario: The pod was replaced under the same name since the order was given
    When the config "c1" version 1 orders to delete the pod "shop/web-0" by its UID, after it was replaced
    And the system works
    Then the pod "shop/web-0" was never deleted by an agent
    And a pod "shop/web-0" is running
    And the action "c1:v1" is "failed" and says "UID"

  Scenario: A pod that is terminating already is left alone
    Given a pod "shop/web-1" that is already terminating
    When the config "c1" version 1 orders to delete the pod "shop/web-1"
    And the system works
    Then the pod "shop/web-1" was never deleted by an agent
    And the action "c1:v1" is "succeeded" and says "terminating"

  Scenario: The agent may not delete pods
    Given "replica-1" may not "delete" "pods"
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 60 seconds
    Then the pod "shop/web-0" was never deleted
    And the action "c1:v1" is "failed" and says "forbid"
    And the destination counts "c1:v1" once, as "failed"

  Scenario: The agent may not look at pods
    Given "replica-1" may not "get" "pods"
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 60 seconds
    Then the pod "shop/web-0" was never deleted
    And the action "c1:v1" is "failed" and says "forbid"

  Scenario Outline: The API server answers <status> twice, then works
    Given the API server answers <status> to the first 2 deletions of pods
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 60 seconds
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And the action "c1:v1" is "succeeded"

    Examples:
      | status |
      | 429    |
      | 500    |
      | 503    |

  Scenario: A pod that a finalizer holds back is deleted once
    Given a pod "shop/web-1" that a finalizer holds back
    When the config "c1" version 1 orders to delete the pod "shop/web-1"
    And the system works for 60 seconds
    Then the pod "shop/web-1" was deleted once, by "replica-1"
    And the action "c1:v1" is "succeeded"

  @pods-run @controllers
  Scenario: A stateful set's pod comes back under its name and is not deleted again
    Given a stateful set "shop/db" with 1 pod
    When the config "c1" version 1 orders to delete the pod "shop/db-0"
    And the system works for 60 seconds
    Then the pod "shop/db-0" was deleted once, by "replica-1"
    And a pod "shop/db-0" is running
