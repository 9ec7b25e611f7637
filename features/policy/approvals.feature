@wire-faults
Feature: An action that needs approval waits for it

  Background:
    Given a pod "shop/web-0"
    And the agents are set up with:
      | DD_KUBEACTIONS_APPROVALS | delete_pod=2 |
    And the leader "replica-1"

  Scenario: Two people approve
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 5 seconds
    And "anna" approves of "c1"
    And the system works for 10 seconds
    Then nothing was executed
    When somebody asks why "c1"
    Then somebody is answered "NeedsApproval: 1 of 2 approvals (by anna)"
    When "ben" approves of "c1"
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"

  Scenario: One person is not two
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 5 seconds
    And "anna" approves of "c1"
    And "Anna" approves of "c1"
    And the system works for 10 seconds
    Then nothing was executed

  Scenario: Approvals outlive the leader
    Given the standby "replica-2"
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 5 seconds
    And "anna" approves of "c1"
    And "replica-1" dies
    And "ben" approves of "c1"
    And the system works for 60 seconds
    Then the pod "shop/web-0" was deleted once, by "replica-2"
