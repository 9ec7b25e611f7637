@virtual-time @wire-faults @audit-trail @disposable @pods-run @controllers @cluster-wide
Feature: scale_deployment, scale_statefulset and scale_replicaset set how many pods there are, once

  Background:
    Given a deployment "shop/cart" with 3 pods
    And the leader "replica-1"

  Scenario: To a number
    When the config "c1" version 1 orders to scale the deployment "shop/cart", with:
      | replicas | 5 |
    And the system works
    Then the deployment "shop/cart" was changed once, by "replica-1"
    And the deployment "shop/cart" has 5 pods
    And the action "c1:v1" is "succeeded"

  Scenario: By a difference, which is worked out once though the leader dies
    Given a stateful set "shop/db" with 1 pod
    And the standby "replica-2"
    When the config "c1" version 1 orders to scale the stateful set "shop/db", with:
      | delta | 2 |
    And the system works
    And "replica-1" dies
    And the system works
    Then the stateful set "shop/db" was changed once, by "replica-1"
    And the stateful set "shop/db" wants 3 pods

  Scenario: A replica set
    Given a replica set "shop/old" with 2 pods
    When the config "c1" version 1 orders to scale the replica set "shop/old", with:
      | replicas | 0 |
    And the system works
    Then the replica set "shop/old" wants 0 pods

  Scenario: As many as there are already
    When the config "c1" version 1 orders to scale the deployment "shop/cart", with:
      | replicas | 3 |
    And the system works
    Then the deployment "shop/cart" was never changed
    And the action "c1:v1" is "succeeded" and says "already"

  Scenario Outline: Refused: <why>
    When the config "c1" version 1 orders to scale the deployment "shop/cart", with:
      | <name> | <value> |
    And the system works
    Then the deployment "shop/cart" was never changed
    And the action "c1:v1" is "<status>" and says "<text>"

    Examples:
      | why                    | name     | value | status   | text                |
      | fewer than none        | delta    | -4    | failed   | would make -1       |
      | no number              | replicas | many  | rejected | whole number        |
      | a mistyped parameter   | replica  | 3     | rejected | did you mean        |
      | neither is given       | force    | true  | rejected | replicas and delta  |

  Scenario: An autoscaler would scale it back
    Given an autoscaler of the deployment "shop/cart"
    When the config "c1" version 1 orders to scale the deployment "shop/cart", with:
      | replicas | 5 |
    And the system works
    Then the deployment "shop/cart" was never changed
    And the action "c1:v1" is "failed" and says "Autoscaler cart"

  Scenario: In spite of an autoscaler, when it is forced
    Given an autoscaler of the deployment "shop/cart"
    When the config "c1" version 1 orders to scale the deployment "shop/cart", with:
      | replicas | 5    |
      | force    | true |
    And the system works
    Then the deployment "shop/cart" wants 5 pods
