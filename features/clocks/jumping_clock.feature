@virtual-time
Feature: A wrong clock costs nobody the lease and repeats nothing

  Background:
    Given a deployment "shop/cart" with 2 pods
    And the leader "replica-1"
    And the standby "replica-2"

  Scenario Outline: The standby's clock jumps <jump>
    When the clock of "replica-2" jumps <jump>
    And the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works for 60 seconds
    Then "replica-1" leads
    And the deployment "shop/cart" was restarted once, by "replica-1"

    Examples:
      | jump                  |
      | 3600 seconds ahead    |
      | 3600 seconds back     |

  Scenario Outline: The leader's clock jumps <jump>
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    And the clock of "replica-1" jumps <jump>
    And the system works for 60 seconds
    Then "replica-1" leads
    And the deployment "shop/cart" was restarted once, by "replica-1"
    And the destination counts "c1:v1" once, as "succeeded"

    Examples:
      | jump                |
      | 3600 seconds ahead  |
      | 3600 seconds back   |
      | 5 days back         |

  Scenario: A leader with a fast clock dies and the other, with the right time, takes over
    Given "replica-1" will die just after the effect
    When the clock of "replica-1" jumps 300 seconds ahead
    And the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then "replica-2" leads
    And the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "succeeded"

  Scenario: The standby's seconds are so short that it takes the lease from a living leader, over and over
    When the seconds of "replica-2" last 12 times too short
    And the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works for 30 seconds
    Then the deployment "shop/cart" was restarted once
    And the action "c1:v1" is "succeeded"
    And the destination counts "c1:v1" once, as "succeeded"

  Scenario: The leader's seconds are too short
    When the seconds of "replica-1" last 5 times too short
    And the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works for 30 seconds
    Then "replica-1" leads
    And the deployment "shop/cart" was restarted once, by "replica-1"
