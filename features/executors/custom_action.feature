@wire-faults
Feature: A third party's action that leaves no trace runs at most once

  Background:
    Given a third party's action "ring_bell", which leaves no trace
    And the leader "replica-1"
    And the standby "replica-2"

  Scenario: It is run and its words are reported
    When the config "c1" version 1 orders to ring the bell
    And the system works
    Then the bell rang once
    And the action "c1:v1" is "succeeded" and says "the bell rang"
    And the destination counts "c1:v1" once, as "succeeded"

  Scenario: The leader dies over it: nobody knows whether it rang, and nobody rings again
    Given "replica-1" will die just after ringing the bell
    When the config "c1" version 1 orders to ring the bell
    And the system works
    Then "replica-1" is dead
    And the bell rang once
    And the action "c1:v1" is "unknown"
    And the destination counts "c1:v1" once, as "unknown"

  Scenario: The leader dies just before it, which nobody can tell from just after it
    Given "replica-1" will die just after noting its intent
    When the config "c1" version 1 orders to ring the bell
    And the system works
    Then the bell never rang
    And the action "c1:v1" is "unknown"

  Scenario: The leader dies before it meant to: the other rings
    Given "replica-1" will die just before noting its intent
    When the config "c1" version 1 orders to ring the bell
    And the system works
    Then the bell rang once
    And the action "c1:v1" is "succeeded"

  Scenario: The leader stands still just before it and wakes up when another leads
    Given "replica-1" will stand still for 30 seconds just after noting its intent
    When the config "c1" version 1 orders to ring the bell
    And the system works
    Then the bell never rang
    And the action "c1:v1" is "unknown"

  Scenario: The bell breaks
    Given the bell is broken
    When the config "c1" version 1 orders to ring the bell
    And the system works
    Then the bell rang once
    And the action "c1:v1" is "unknown"
