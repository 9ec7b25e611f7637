@virtual-time @wire-faults
Feature: A leader whose lease may end before its request does begins nothing

  Background:
    Given a pod "shop/web-0"
    And the leader "replica-1"
    And the standby "replica-2"

  Scenario: The lease cannot be renewed, and an action arrives in its last seconds
    Given "replica-1" may not "update" "leases"
    When the system works for 4 seconds
    And the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 2 seconds
    Then "replica-1" leads
    And the pod "shop/web-0" was never deleted
    When the system works
    Then "replica-2" leads
    And the pod "shop/web-0" was deleted once, by "replica-2"
    And the action "c1:v1" is "succeeded"

  Scenario: The lease is renewed after all, and the leader goes on where it was
    Given "replica-1" may not "update" "leases"
    When the system works for 4 seconds
    And the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 2 seconds
    And the agents are permitted again
    And the system works
    Then "replica-1" leads
    And the pod "shop/web-0" was deleted once, by "replica-1"
