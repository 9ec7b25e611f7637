@virtual-time @audit-trail @disposable
Feature: No more begins than the operator lets begin

  Background:
    Given 4 pods "shop/web-0" to "shop/web-3"

  Scenario: A rate lets so many through, and the others wait for their turn
    Given the agents are set up with:
      | DD_KUBEACTIONS_RATE_PER_ACTION_TYPE | delete_pod=2/1m |
    And the leader "replica-1"
    When the config "c1" version 1 orders to delete all of them
    And the system works for 20 seconds
    Then 2 of them were deleted
    When somebody asks why "c1"
    Then somebody is answered "RateLimited: rate of delete_pod: 2 in 60 s"
    When the system works for 90 seconds
    Then each of them was deleted once, by "replica-1"

  Scenario: A rate is not forgotten with the leader
    Given the agents are set up with:
      | DD_KUBEACTIONS_RATE_PER_NAMESPACE | shop=2/10m |
    And the leader "replica-1"
    And the standby "replica-2"
    When the config "c1" version 1 orders to delete all of them
    And the system works for 20 seconds
    And "replica-1" dies
    And the system works for 60 seconds
    Then 2 of them were deleted

  Scenario: The blast radius lets a share of the objects be touched, and at least one
    Given the agents are set up with:
      | DD_KUBEACTIONS_BLAST_RADIUS_PERCENT  | 10% |
      | DD_KUBEACTIONS_BLAST_RADIUS_WINDOW_S | 2m  |
    And the leader "replica-1"
    When the config "c1" version 1 orders to delete all of them
    And the system works for 30 seconds
    Then 1 of them was deleted
    When somebody asks why "c1"
    Then somebody is answered "BlastRadius"
    When the system works for 120 seconds
    Then 2 of them were deleted
