@virtual-time @wire-faults
Feature: A replica that has been replaced stops when it learns so from the history, whatever its lease seems to say

  Scenario Outline: The new leader stands still just <moment>, and the old one believes to lead for minutes
    Given a third party's action "ring_bell", which leaves no trace
    And the agents are set up with:
      | DD_KUBEACTIONS_POLL_INTERVAL_S | 0.2 |
    And the leader "replica-1"
    And the standby "replica-2"
    And "replica-1" may not "update" "leases"
    When the seconds of "replica-1" last 20 times too long
    And the system works for 20 seconds
    Then "replica-1" and "replica-2" both believe to lead
    Given "replica-2" will stand still for 60 seconds just <moment>
    When the config "c1" version 1 orders to ring the bell
    And the system works for 30 seconds
    And the system works
    Then the bell was never rung by "replica-1"
    And "replica-1" has not touched the history since "replica-2" took over
    And the destination counts "c1:v1" once

    Examples:
      | moment                     |
      | after accepting the action |
      | after noting its intent    |
