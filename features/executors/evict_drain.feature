@virtual-time @wire-faults @audit-trail @disposable @pods-run @controllers @cluster-wide
Feature: evict_pod and drain_node let pods go as far as their budgets allow

  Background:
    Given a deployment "shop/cart" with 3 pods
    And the leader "replica-1"

  Scenario: A pod is evicted
    Given a pod "shop/web-0"
    When the config "c1" version 1 orders to evict the pod "shop/web-0"
    And the system works
    Then 1 pods were evicted, each once
    And the pod "shop/web-0" is gone
    And the action "c1:v1" is "succeeded"

  Scenario: A node is drained, and the drain goes on when the leader dies in the middle
    Given the standby "replica-2"
    When the config "c1" version 1 orders to drain the node "node-1"
    And the system works for 1 seconds
    And "replica-1" dies
    And the system works for 90 seconds
    Then 3 pods were evicted, each once
    And no pod of "shop/cart" is on the node "node-1"
    And the node "node-1" takes no new pods
    And the action "c1:v1" is "succeeded" and says "3 pods gone"

  Scenario: A budget that allows nobody to go is waited for until the deadline
    Given a disruption budget that keeps all 3 pods of "shop/cart"
    When the config "c1" version 1 orders to drain the node "node-1", with:
      | timeout_seconds | 40 |
    And the system works for 90 seconds
    Then 0 pods were evicted, each once
    And the node "node-1" takes no new pods
    And the action "c1:v1" is "failed" and says "3 of 3 pods are left"

  Scenario: Pods that two budgets cover cannot be evicted, and nobody waits for that
    Given a disruption budget that keeps all 3 pods of "shop/cart"
    And a second disruption budget over the pods of "shop/cart"
    When the config "c1" version 1 orders to drain the node "node-1"
    And the system works for 30 seconds
    Then 0 pods were evicted, each once
    And the action "c1:v1" is "failed" and says "more than one PodDisruptionBudget"

  Scenario: A pod whose daemon set is gone is nobody's, and goes by force only
    Given a daemon set "shop/x"
    And the daemon set "shop/x" is deleted, and its pods stay
    When the config "c1" version 1 orders to drain the node "node-1", with:
      | ignore_daemonsets | true |
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "failed" and says "force"
    When the config "c2" version 1 orders to drain the node "node-1", with:
      | force | true |
    And the system works for 60 seconds
    Then 4 pods were evicted, each once
    And the action "c2:v1" is "succeeded"

  Scenario: A try that was lost on its way arrives when the deadline is over and the budget is lifted
    Given a stateful set "shop/db" with 1 pod
    And a disruption budget that keeps all 1 pods of "shop/db"
    And the request of "replica-1" will arrive 40 seconds late at the eviction
    When the config "c1" version 1 orders to evict the pod "shop/db-0", with:
      | timeout_seconds | 20 |
    And the system works for 30 seconds
    And the disruption budget of "shop/db" is taken away
    And the system works for 60 seconds
    Then 1 pods were evicted, each once
    And the action "c1:v1" is "unknown" and says "may still be on its way"

  Scenario: A budget that is lifted in time
    Given a disruption budget that keeps all 3 pods of "shop/cart"
    When the config "c1" version 1 orders to drain the node "node-1"
    And the system works for 30 seconds
    And the disruption budget of "shop/cart" is taken away
    And the system works for 60 seconds
    Then 3 pods were evicted, each once
    And the action "c1:v1" is "succeeded"

  Scenario Outline: <what> stand in the way, and nothing is begun
    Given <what>
    When the config "c1" version 1 orders to drain the node "node-1"
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "failed" and says "<parameter>"

    Examples:
      | what                   | parameter         |
      | a daemon set "shop/x"  | ignore_daemonsets |
      | a pod "shop/web-0"     | force             |

  Scenario: What stood in the way is left alone, or goes, when the order says so
    Given a daemon set "shop/x"
    And a pod "shop/web-0"
    When the config "c1" version 1 orders to drain the node "node-1", with:
      | ignore_daemonsets | true |
      | force             | true |
    And the system works for 60 seconds
    Then 4 pods were evicted, each once
    And the action "c1:v1" is "succeeded"
