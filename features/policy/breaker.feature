@wire-faults
Feature: Too many failures pause the system until somebody has looked

  Background:
    Given a pod "shop/web-0"
    And the agents are set up with:
      | DD_KUBEACTIONS_BREAKER_FAILURES | 2 |
    And the leader "replica-1"
    When the config "c1" version 1 orders to delete the pod "shop/none-1"
    And the config "c2" version 1 orders to delete the pod "shop/none-2"
    And the system works
    And the config "c3" version 1 orders to delete the pod "shop/web-0"

  Scenario: Nothing begins any more, and the record says why
    When the system works for 20 seconds
    Then nothing was executed
    When somebody asks why "c3"
    Then somebody is answered "circuit breaker: 2 actions failed"
    When somebody resumes
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"

  Scenario: The next leader keeps it, and a resumption too
    Given the standby "replica-2"
    When "replica-1" dies
    And the system works for 40 seconds
    Then nothing was executed
    When somebody resumes
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-2"
