Feature: When the history is full of unfinished work, new work waits and is not lost

  Background:
    Given the agents are set up with:
      | DD_KUBEACTIONS_LIMITS_OPEN_BYTES | 8192 |
    And 12 pods "shop/batch-0" to "shop/batch-11"
    And the leader "replica-1"
    And the destination is down

  Scenario: Configs that do not fit stay unacknowledged until there is room
    When 12 configs "d00" to "d11" order to delete them, one each
    And the system works for 30 seconds
    Then the source was told that "d00" is accepted
    And the source was never told that "d11" is accepted
    When the destination is back
    And the system works for 5 minutes
    Then each of them was deleted once, by "replica-1"
    And the source was told that "d11" is accepted

  Scenario: The leader dies while it is full
    Given the standby "replica-2"
    When 12 configs "d00" to "d11" order to delete them, one each
    And the system works for 30 seconds
    And "replica-1" dies
    And the destination is back
    And the system works for 5 minutes
    Then each of them was deleted once
    And the source was told that "d11" is accepted

  Scenario: A config that can never fit is refused
    When the config "c1" version 1 orders to delete all of them
    And the system works for 30 seconds
    Then nothing was executed
    And the source was told of an error in "c1": "bytes of the ledger"
