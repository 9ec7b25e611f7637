@wire-faults
Feature: Every result reaches every destination, and is counted there once

  Background:
    Given a pod "shop/web-0"
    And a deployment "shop/cart" with 2 pods
    And the leader "replica-1"

  @virtual-time
  Scenario: The destination is down for an hour, then back
    Given the destination is down
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the config "c2" version 1 orders to restart the deployment "shop/cart"
    And the system works for 60 minutes
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And the deployment "shop/cart" was restarted once, by "replica-1"
    And the destination has counted nothing
    When the destination is back
    And the system works for 10 minutes
    Then the destination counts "c1:v1" once, as "succeeded"
    And the destination counts "c2:v1" once, as "succeeded"

  Scenario: The leader dies while the destination is down
    Given the standby "replica-2"
    And the destination is down
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    And "replica-1" dies
    And the system works
    And the destination is back
    And the system works for 10 minutes
    Then the destination counts "c1:v1" once, as "succeeded"
    And the report of "c1:v1" says that "replica-1" settled it

  Scenario: The destination accepts a report and its acknowledgement is lost
    Given the destination will lose 2 acknowledgements
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 5 minutes
    Then the destination received "c1:v1" 3 times
    And the destination counts "c1:v1" once, as "succeeded"

  Scenario: Actions are executed while the destination is down
    Given the destination is down
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    And the config "c2" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"

  Scenario: Results arrive in the order in which the actions ended
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    And the config "c2" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the destination counted "c1:v1, c2:v1", in this order
