@wire-faults
Feature: An action that has not begun can be cancelled

  Background:
    Given a deployment "shop/cart" with 2 pods
    And the leader "replica-1"

  Scenario: A pending action is cancelled
    Given the API server answers 503 to the first 4 patches of deployments
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the config "c2" version 1 orders to restart the deployment "shop/cart"
    And the system works for 4 seconds
    And somebody asks to cancel "c2"
    Then somebody is answered "c2:v1  asked for"
    When the system works for 5 minutes
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "succeeded"
    And the action "c2:v1" is "cancelled" and says "withdrawn by ops@example.org"
    And the destination counts "c2:v1" once, as "cancelled"
    And the source was told of an error in "c2": "a mistake"

  Scenario: The leader dies before it has read that
    Given the standby "replica-2"
    And the API server answers 503 to the first 4 patches of deployments
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the config "c2" version 1 orders to restart the deployment "shop/cart"
    And the system works for 4 seconds
    And "replica-1" dies
    And somebody asks to cancel "c2"
    And the system works for 5 minutes
    Then the deployment "shop/cart" was restarted once, by "replica-2"
    And the action "c2:v1" is "cancelled"

  Scenario: The cancelled config is delivered again
    Given the API server answers 503 to the first 4 patches of deployments
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the config "c2" version 1 orders to restart the deployment "shop/cart"
    And the system works for 4 seconds
    And somebody asks to cancel "c2"
    And the system works for 5 minutes
    And the config "c2" version 1 is withdrawn
    And the config "c2" version 1 comes back
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the destination counts "c2:v1" once, as "cancelled"

  Scenario: The cancellation comes too late, the action has begun
    Given the API server answers 503 to the first 4 patches of deployments
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works for 4 seconds
    And somebody asks to cancel "c1"
    Then somebody is answered "too late: it has begun"
    When the system works for 5 minutes
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "succeeded"

  Scenario: The cancellation comes too late, the action is done
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    And somebody asks to cancel "c1"
    Then somebody is answered "too late: it is succeeded"
    And the action "c1:v1" is "succeeded"
