Feature: The same config is executed once, however often it is delivered

  Background:
    Given a pod "shop/web-0"
    And a deployment "shop/cart" with 2 pods
    And the leader "replica-1"

  Scenario: A config that stays in the source
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works for 60 seconds
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "succeeded"
    And the destination counts "c1:v1" once, as "succeeded"

  Scenario: A config that is withdrawn and comes back
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    And the config "c1" version 1 is withdrawn
    And the system works
    And the config "c1" version 1 comes back
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the destination counts "c1:v1" once, as "succeeded"

  Scenario: The same order, written differently, is the same order
    When the config "c1" version 1 says:
      """
      {"actions": [{"action_type": "delete_pod",
                    "resource": {"api_version": "v1", "kind": "Pod", "namespace": "shop", "name": "web-0"},
                    "timestamp": {"seconds": 1787220000, "nanos": 0}}]}
      """
    And the system works
    And the config "c1" version 1 says:
      """
      {"actions": [{"timestamp": "2026-08-20T12:00:00+02:00", "deletePod": {},
                    "resource": {"name": "web-0", "namespace": "shop", "kind": "Pod", "apiVersion": "v1"}}]}
      """
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And the source was never told of an error

  Scenario: Several actions in one config are each done once
    Given a pod "shop/web-1"
    When the config "c1" version 1 orders to delete the pods "shop/web-0, shop/web-1"
    And the system works for 60 seconds
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And the pod "shop/web-1" was deleted once, by "replica-1"
    And the action "c1:v1#0" is "succeeded"
    And the action "c1:v1#1" is "succeeded"
    And the destination counts "c1:v1#0" once, as "succeeded"
    And the destination counts "c1:v1#1" once, as "succeeded"
