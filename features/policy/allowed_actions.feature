Feature: The operator decides which actions may run

  Scenario: An action type that is not allowed is rejected
    Given a pod "shop/web-0"
    And a deployment "shop/cart" with 2 pods
    And the agents are set up with:
      | DD_KUBEACTIONS_ALLOWED_ACTIONS | restart_deployment |
    And the leader "replica-1"
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the config "c2" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the pod "shop/web-0" was never deleted
    And the action "c1:v1" is "rejected" and says "allowed"
    And the deployment "shop/cart" was restarted once, by "replica-1"

  Scenario: A safety hook of the operator refuses an action and its words are reported
    Given a pod "shop/web-0"
    And a pod "shop/web-1"
    And the agents are set up with:
      | DD_KUBEACTIONS_SAFETY_HOOK | tests.steps.hooks:keep_web_0 |
    And the leader "replica-1"
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the config "c2" version 1 orders to delete the pod "shop/web-1"
    And the system works
    Then the pod "shop/web-0" was never deleted
    And the action "c1:v1" is "rejected" and says "web-0 serves the demo"
    And the pod "shop/web-1" was deleted once, by "replica-1"

  Scenario: A safety hook that breaks counts as a no
    Given a pod "shop/web-0"
    And the agents are set up with:
      | DD_KUBEACTIONS_SAFETY_HOOK | tests.steps.hooks:broken |
    And the leader "replica-1"
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "rejected" and says "veto"
