Feature: Both shapes of a payload are understood

  Background:
    Given a pod "shop/web-0"
    And a deployment "shop/cart" with 2 pods
    And the leader "replica-1"

  Scenario: The first shape, with an action type and a timestamp object
    When the config "c1" version 1 says:
      """
      {"actions": [{"action_type": "delete_pod",
                    "resource": {"api_version": "v1", "kind": "Pod", "namespace": "shop", "name": "web-0"},
                    "parameters": {"grace_period_seconds": "0"},
                    "timestamp": {"seconds": 1787220000, "nanos": 0}}]}
      """
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"

  Scenario: The later shape, in snake case
    When the config "c1" version 1 says:
      """
      {"actions": [{"action_id": "9a0c2a3e-0001", "requested_by": "ops@example.org", "user_uuid": "u-17",
                    "timestamp": "2026-08-20T10:00:00Z",
                    "resource": {"api_version": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "cart"},
                    "restart_deployment": {}}]}
      """
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"

  Scenario: The later shape, in camel case, with a 64-bit integer as a string
    When the config "c1" version 1 says:
      """
      {"actions": [{"actionId": "9a0c2a3e-0001", "requestedBy": "ops@example.org",
                    "timestamp": "2026-08-20T11:59:59.999999999+02:00",
                    "resource": {"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "web-0"},
                    "deletePod": {"gracePeriodSeconds": "0"}}]}
      """
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"

  Scenario: Both shapes in one config
    When the config "c1" version 1 says:
      """
      {"actions": [{"action_type": "delete_pod",
                    "resource": {"api_version": "v1", "kind": "Pod", "namespace": "shop", "name": "web-0"},
                    "timestamp": {"seconds": "1787220000"}},
                   {"timestamp": "2026-08-20T10:00:00Z",
                    "resource": {"kind": "Deployment", "namespace": "shop", "name": "cart"},
                    "restartDeployment": {}}]}
      """
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And the deployment "shop/cart" was restarted once, by "replica-1"

  Scenario: One bad action in a config does not keep the good one from running
    When the config "c1" version 1 says:
      """
      {"actions": [{"action_type": "delete_pod",
                    "resource": {"api_version": "v1", "kind": "Pod", "namespace": "shop", "name": "web-0"}},
                   {"timestamp": "2026-08-20T10:00:00Z",
                    "resource": {"kind": "Deployment", "namespace": "shop", "name": "cart"},
                    "restart_deployment": {}}]}
      """
    And the system works
    Then the pod "shop/web-0" was never deleted
    And the action "c1:v1#0" is "rejected" and says "actions[0].timestamp"
    And the deployment "shop/cart" was restarted once, by "replica-1"
