@wire-faults
Feature: Another replica leads when the lease has expired, and not before

  Background:
    Given a pod "shop/web-0"
    And the leader "replica-1"
    And the standby "replica-2"

  Scenario: The standby waits for the lease of a dead leader to expire
    When "replica-1" dies
    And the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 12 seconds
    Then nobody leads but "replica-1"
    And the pod "shop/web-0" was never deleted
    When the system works for 10 seconds
    Then "replica-2" leads
    And the pod "shop/web-0" was deleted once, by "replica-2"

  @virtual-time
  Scenario: The audit trail tells who deleted the pod, and when
    When "replica-1" dies
    And the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-2", between 10:00:22 and 10:00:30

  Scenario: The standby executes nothing while the leader lives
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 60 seconds
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And "replica-1" leads

  Scenario: A leader that cannot reach the API server gives up, and the standby takes over
    When "replica-1" is cut off from the API server
    And the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then "replica-2" leads
    And the pod "shop/web-0" was deleted once, by "replica-2"
    When "replica-1" is connected again
    And the system works for 60 seconds
    Then "replica-2" leads
    And the pod "shop/web-0" was deleted once, by "replica-2"

  Scenario: A short interruption does not cost the leader its lease
    When "replica-1" is cut off from the API server
    And the system works for 5 seconds
    And "replica-1" is connected again
    And the system works for 30 seconds
    Then "replica-1" leads

  Scenario: The API server is down for all, then back
    When the API server is unavailable
    And the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 60 seconds
    And the API server is back
    And the system works
    Then the pod "shop/web-0" was deleted once
    And the action "c1:v1" is "succeeded"
    And the destination counts "c1:v1" once, as "succeeded"

  Scenario: An action that arrives while nobody leads waits for the next leader
    When "replica-1" dies
    And "replica-2" dies
    And the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 60 seconds
    Then nothing was executed
    When "replica-3" starts
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-3"

  Scenario: What was withdrawn before anybody accepted it is not executed by the next leader
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the config "c1" version 1 is withdrawn
    And "replica-1" dies
    And the config "c2" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-2"
    And there is no action "c1:v1"
