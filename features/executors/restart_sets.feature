@virtual-time @wire-faults @audit-trail @disposable @pods-run @controllers @cluster-wide
Feature: restart_statefulset and restart_daemonset replace pods, once, where pods would be replaced

  Background:
    Given a stateful set "shop/db" with 2 pods
    And a daemon set "shop/logs"
    And the leader "replica-1"

  Scenario Outline: A <kind> is restarted
    When the config "c1" version 1 orders to restart the <kind> "<place>"
    And the system works
    Then the <kind> "<place>" was changed once, by "replica-1"
    And the action "c1:v1" is "succeeded"

    Examples:
      | kind         | place     |
      | stateful set | shop/db   |
      | daemon set   | shop/logs |

  Scenario Outline: The order comes again after a crash, and the <kind> is not restarted again
    Given the standby "replica-2"
    When the config "c1" version 1 orders to restart the <kind> "<place>"
    And the system works
    And "replica-1" dies
    And the system works
    Then the <kind> "<place>" was changed once, by "replica-1"
    And the destination counts "c1:v1" once, as "succeeded"

    Examples:
      | kind         | place     |
      | stateful set | shop/db   |
      | daemon set   | shop/logs |

  Scenario Outline: A <kind> whose pods are replaced only by hand is refused with the reason
    Given a <kind> "shop/by-hand" whose pods are replaced only by hand
    When the config "c1" version 1 orders to restart the <kind> "shop/by-hand"
    And the system works
    Then the <kind> "shop/by-hand" was never changed
    And the action "c1:v1" is "failed" and says "OnDelete"

    Examples:
      | kind         |
      | stateful set |
      | daemon set   |
