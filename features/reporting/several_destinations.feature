Feature: Every destination gets every result, whatever becomes of the others

  Background:
    Given a pod "shop/web-0"
    And a second destination
    And the leader "replica-1"

  Scenario: Both are up
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the destination counts "c1:v1" once, as "succeeded"
    And the second destination counts "c1:v1" once, as "succeeded"

  Scenario: One that is down does not hold up the other
    Given the destination is down
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the second destination counts "c1:v1" once, as "succeeded"
    When the destination is back
    And the system works for 10 minutes
    Then the destination counts "c1:v1" once, as "succeeded"
    And the second destination received "c1:v1" 1 time

  Scenario: A new leader brings a result only where it is still missing
    Given the destination is down
    And the standby "replica-2"
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    And "replica-1" dies
    And the destination is back
    And the system works for 10 minutes
    Then the destination received "c1:v1" 1 time
    And the second destination received "c1:v1" 1 time
