Feature: A new version of a config is a new order, an older one is not

  Background:
    Given a deployment "shop/cart" with 2 pods
    And the leader "replica-1"

  Scenario: A new version is executed
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    And the config "c1" version 2 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted 2 times
    And the action "c1:v1" is "succeeded"
    And the action "c1:v2" is "succeeded"

  Scenario: A version may be skipped
    When the config "c1" version 7 orders to restart the deployment "shop/cart"
    And the system works
    Then the action "c1:v7" is "succeeded"

  Scenario: An older version that arrives after a newer one is superseded
    When the config "c1" version 2 orders to restart the deployment "shop/cart"
    And the system works
    And the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "rejected" and says "superseded"
    And the destination counts "c1:v1" once, as "rejected"

  Scenario: A newer version cancels an older one that has not begun
    Given "replica-1" will die just after accepting the action
    And the standby "replica-2"
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works for 5 seconds
    And the config "c1" version 2 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-2"
    And the action "c1:v1" is "cancelled"
    And the action "c1:v2" is "succeeded"

  Scenario: Version 10 is newer than version 9
    When the config "c1" version 10 orders to restart the deployment "shop/cart"
    And the system works
    And the config "c1" version 9 orders to restart the deployment "shop/cart"
    And the system works
    Then the action "c1:v9" is "rejected" and says "superseded"
