@wire-faults
Feature: A history that was begun anew executes nothing twice

  Background:
    Given the agents are set up with:
      | DD_KUBEACTIONS_FUTURE_TOLERANCE_S | 1s |
    And a deployment "shop/cart" with 2 pods
    And the leader "replica-1"
    And the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works

  Scenario: The history was lost, and what was done is delivered again
    When somebody deletes the history
    And the config "c2" version 1 orders to restart the deployment "shop/cart"
    And the system works
    And somebody begins a new history
    And the system works for 60 seconds
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "expired" and says "before the watermark"
    And the action "c2:v1" is "expired" and says "before the watermark"
    And "replica-1" leads

  Scenario: What is ordered afterwards is done
    When somebody deletes the history
    And the config "c2" version 1 orders to restart the deployment "shop/cart"
    And the system works
    And somebody begins a new history
    And the system works for 60 seconds
    And the config "c3" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted 2 times
    And the action "c3:v1" is "succeeded"
