Feature: An action runs only while it is fresh

  Background:
    Given a pod "shop/web-0"

  Scenario Outline: An action that is stamped <stamped> is executed
    When the config "c1" version 1 orders to delete the pod "shop/web-0", stamped <stamped>
    And "replica-1" starts
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"

    Examples:
      | stamped             |
      | now                 |
      | 3500 seconds ago    |
      | 10 seconds from now |

    @virtual-time
    Examples: At the very bound
      | stamped          |
      | 3600 seconds ago |

  Scenario Outline: An action that is stamped <stamped> is <status>
    When the config "c1" version 1 orders to delete the pod "shop/web-0", stamped <stamped>
    And "replica-1" starts
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "<status>"
    And the destination counts "c1:v1" once, as "<status>"

    Examples:
      | stamped             | status   |
      | 3601 seconds ago    | expired  |
      | 5 days ago          | expired  |
      | 60 seconds from now | rejected |
      | 2 days from now     | rejected |

    @virtual-time
    Examples: Just beyond the bound
      | stamped             | status   |
      | 11 seconds from now | rejected |

  Scenario: The operator sets another limit
    Given the agents are set up with:
      | DD_KUBEACTIONS_EXPIRY_S | 60s |
    And the leader "replica-1"
    When the config "c1" version 1 orders to delete the pod "shop/web-0", stamped 61 seconds ago
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "expired"

  Scenario: A failover does not expire what was ordered just before it
    Given the leader "replica-1"
    And the standby "replica-2"
    When "replica-1" dies
    And the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-2"

  @virtual-time
  Scenario: An action that expires while nobody leads is not executed by the next leader
    Given the leader "replica-1"
    When "replica-1" dies
    And the config "c1" version 1 orders to delete the pod "shop/web-0"
    And 2 hours pass
    And "replica-2" starts
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "expired"
    And the destination counts "c1:v1" once, as "expired"

  @virtual-time
  Scenario: An action that was accepted and expires before it begins is not executed
    Given the leader "replica-1"
    And "replica-1" will die just after accepting the action
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 5 seconds
    And 2 hours pass
    And "replica-2" starts
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "expired"

  @virtual-time
  Scenario: An action that may have begun and expires is not sent again; what is seen decides
    Given the leader "replica-1"
    And "replica-1" will die just after the effect
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 5 seconds
    And 2 hours pass
    And "replica-2" starts
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And the action "c1:v1" is "succeeded"

  @virtual-time
  Scenario: An action that may have begun, expires, and did not happen
    Given the leader "replica-1"
    And "replica-1" will die just before the effect
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 5 seconds
    And 2 hours pass
    And "replica-2" starts
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "unknown"
