@wire-faults
Feature: Nothing begins while the system is paused

  Background:
    Given a pod "shop/web-0"
    And the leader "replica-1"

  Scenario: An action waits until somebody resumes
    Given somebody pauses everything because of "incident 7"
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 10 seconds
    Then nothing was executed
    When somebody asks why "c1"
    Then somebody is answered "Paused: paused: incident 7"
    When somebody resumes
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And the action "c1:v1" is "succeeded"

  Scenario: A pause outlives the leader
    Given the standby "replica-2"
    And somebody pauses everything because of "incident 7"
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 10 seconds
    And "replica-1" dies
    And the system works for 40 seconds
    Then nothing was executed
    When somebody resumes
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-2"

  Scenario: What has begun is not sent again by a new leader while paused
    Given the standby "replica-2"
    And "replica-1" will die just before the effect
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 5 seconds
    And somebody pauses everything because of "incident 7"
    And the system works for 40 seconds
    Then nothing was executed
    When somebody resumes
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-2"
