@virtual-time @wire-faults
Feature: Two replicas that both believe to lead do everything once

  Background:
    Given a pod "shop/web-0"
    And a deployment "shop/cart" with 2 pods
    And a third party's action "ring_bell", which leaves no trace
    And the leader "replica-1"
    And the standby "replica-2"
    And "replica-1" may not "update" "leases"
    When the seconds of "replica-1" last 4 times too long
    And the system works for 20 seconds
    Then "replica-1" and "replica-2" both believe to lead

  Scenario Outline: An order to <do> arrives
    When the config "c1" version 1 orders to <do> "<name>"
    And the system works for 60 seconds
    Then the <kind> "<name>" was <done> once, by "replica-2"
    And the action "c1:v1" is "succeeded"
    And the destination counts "c1:v1" once, as "succeeded"

    Examples:
      | do                     | kind       | name       | done      |
      | delete the pod         | pod        | shop/web-0 | deleted   |
      | restart the deployment | deployment | shop/cart  | restarted |

  Scenario Outline: The right one stands still just <moment>, and the wrong one does not do its work
    Given "replica-2" will stand still for 16 seconds just <moment>
    When the config "c1" version 1 orders to ring the bell
    And the system works for 60 seconds
    Then the bell rang at most once
    And the destination counts "c1:v1" once

    Examples:
      | moment                      |
      | before accepting the action |
      | after accepting the action  |
      | before noting its intent    |
      | after noting its intent     |
      | before noting the outcome   |
      | after noting the outcome    |

  Scenario: The one whose seconds are too long learns that it does not lead
    When the system works for 60 seconds
    Then "replica-2" leads
