@wire-faults
Feature: What was accepted is done, even if the source drops it

  Background:
    Given a pod "shop/web-0"
    And the leader "replica-1"

  Scenario: A config that is withdrawn after it was accepted and before it is done
    Given the standby "replica-2"
    And "replica-1" will die just after accepting the action
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 5 seconds
    And the config "c1" version 1 is withdrawn
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-2"
    And the action "c1:v1" is "succeeded"

  Scenario: A config that is withdrawn before anybody accepted it
    When "replica-1" dies
    And the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the config "c1" version 1 is withdrawn
    And "replica-2" starts
    And the system works
    Then nothing was executed
    And there is no action "c1:v1"

  Scenario: The source is told that a config is accepted only when it is safe
    Given "replica-1" will die just before accepting the action
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the source was never told that "c1" is accepted
    When "replica-2" starts
    And the system works
    Then the source was told that "c1" is accepted

  Scenario: The source goes back to an older list
    Given a deployment "shop/cart" with 2 pods
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    And the config "c1" version 1 is withdrawn
    And the config "c2" version 1 orders to delete the pod "shop/web-0"
    And the system works
    And the config "c2" version 1 is withdrawn
    And the config "c1" version 1 comes back
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the pod "shop/web-0" was deleted once, by "replica-1"
