Feature: Several sources deliver, and it does not matter which

  Background:
    Given a pod "shop/web-0"
    And a deployment "shop/cart" with 2 pods
    And a second source "east"
    And the leader "replica-1"

  Scenario: The same config from two sources is one order
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the same config comes from "east"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "succeeded"
    And the destination counts "c1:v1" once, as "succeeded"

  Scenario: The same config comes from the second source a while later
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    And the same config comes from "east"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"

  Scenario: Each source delivers something of its own
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the config "c2" version 1 from "east" orders to delete the pod "shop/web-0"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the pod "shop/web-0" was deleted once, by "replica-1"

  Scenario: A source that cannot be read does not hold up the other
    When the source "east" breaks
    And the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    When the source "east" is mended
    And the config "c2" version 1 from "east" orders to delete the pod "shop/web-0"
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"
