Feature: What was executed stays executed when the agents are restarted

  Background:
    Given a deployment "shop/cart" with 2 pods
    And the leader "replica-1"

  Scenario Outline: The only agent <ends> and starts again, with the config still in the source
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    And "replica-1" <ends>
    And "replica-1" starts
    And the system works for 60 seconds
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the destination counts "c1:v1" once, as "succeeded"

    Examples:
      | ends         |
      | dies         |
      | is shut down |

  Scenario: All agents are replaced by new ones
    Given the standby "replica-2"
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    And "replica-1" dies
    And "replica-2" dies
    And "replica-3" starts
    And "replica-4" starts
    And the system works for 60 seconds
    Then the deployment "shop/cart" was restarted once, by "replica-1"

  Scenario: An agent that crashes in a loop does not repeat the action
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    And "replica-1" dies and starts again 5 times
    Then the deployment "shop/cart" was restarted once, by "replica-1"

  @virtual-time
  Scenario: The config is redelivered an hour later by a new agent
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    And "replica-1" dies
    And 3 hours pass
    And "replica-2" starts
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "succeeded"
    And the destination counts "c1:v1" once, as "succeeded"
