@virtual-time @wire-faults @audit-trail @disposable @pods-run @controllers @cluster-wide
Feature: An action can wait for its rollout, whoever leads meanwhile

  Background:
    Given a deployment "shop/cart" with 3 pods
    And the leader "replica-1"

  Scenario: The rollout completes
    When the config "c1" version 1 orders to restart the deployment "shop/cart", with:
      | wait | rollout |
    And the system works for 60 seconds
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "succeeded" and says "rollout completed"

  Scenario: The leader dies while it waits, and the other one waits on
    Given the standby "replica-2"
    When the config "c1" version 1 orders to restart the deployment "shop/cart", with:
      | wait | rollout |
    And the system works for 2 seconds
    And "replica-1" dies
    And the system works for 60 seconds
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "succeeded" and says "rollout completed"

  Scenario: The rollout is still going at the deadline
    Given the pods of "shop/cart" can never become ready
    When the config "c1" version 1 orders to restart the deployment "shop/cart", with:
      | wait            | rollout |
      | timeout_seconds | 30      |
    And the system works for 60 seconds
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "failed" and says "still going"
