Feature: An action id that was seen under another config is a duplicate

  Background:
    Given a deployment "shop/cart" with 2 pods
    And the leader "replica-1"

  Scenario: A republished action is not executed again
    When the config "c1" version 1 orders to restart the deployment "shop/cart", with:
      | action_id | 9a0c2a3e-0001 |
    And the system works
    And the config "c2" version 1 orders to restart the deployment "shop/cart", with:
      | action_id | 9a0c2a3e-0001 |
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c2:v1" is "duplicate"
    And the destination counts "c2:v1" once, as "duplicate"

  Scenario: A new version with the old action id is a duplicate
    When the config "c1" version 1 orders to restart the deployment "shop/cart", with:
      | action_id | 9a0c2a3e-0001 |
    And the system works
    And the config "c1" version 2 orders to restart the deployment "shop/cart", with:
      | action_id | 9a0c2a3e-0001 |
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v2" is "duplicate"

  Scenario: Actions without an action id are not duplicates of each other
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    And the config "c2" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted 2 times
