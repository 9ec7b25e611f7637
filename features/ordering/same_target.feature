@wire-faults
Feature: Actions on one target run one after the other, in the order in which they came

  Background:
    Given a deployment "shop/cart" with 2 pods
    And a pod "shop/web-0"
    And the leader "replica-1"

  Scenario: Two restarts of one deployment by two configs
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the config "c2" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted 2 times
    And the action "c1:v1" is "succeeded"
    And the action "c2:v1" is "succeeded"

  Scenario: Two orders to delete the same pod
    When the config "c1" version 1 orders to delete the pod "shop/web-0", with:
      | grace_period_seconds | 0 |
    And the config "c2" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And the action "c1:v1" is "succeeded"
    And the action "c2:v1" is "failed" and says "gone"

  Scenario: The second waits until it is known how the first ended
    Given the standby "replica-2"
    And "replica-1" will die just before noting the outcome
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the config "c2" version 1 orders to restart the deployment "shop/cart"
    And the system works for 60 seconds
    Then the deployment "shop/cart" was restarted 2 times
    And the action "c1:v1" is "succeeded"
    And the action "c2:v1" is "succeeded"

  Scenario: The second waits even when it takes a while to know how the first ended
    Given the request of "replica-1" will be lost before the effect, and its next 3 looks fail
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the config "c2" version 1 orders to restart the deployment "shop/cart"
    And the system works for 60 seconds
    Then the deployment "shop/cart" was restarted 2 times
    And the action "c1:v1" is "succeeded"
    And the action "c2:v1" is "succeeded"
    And the destination counted "c1:v1, c2:v1", in this order

  Scenario: An action that cannot go on does not hold up those on other targets
    Given the API server answers 503 to the first 4 patches of deployments
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the config "c2" version 1 orders to delete the pod "shop/web-0"
    And the system works for 6 seconds
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    When the system works for 5 minutes
    Then the deployment "shop/cart" was restarted once, by "replica-1"

  Scenario: Forty actions in one config are each done once
    Given 40 pods "shop/batch-0" to "shop/batch-39"
    When the config "c1" version 1 orders to delete all of them
    And the system works for 60 seconds
    Then each of them was deleted once, by "replica-1"

  Scenario: The leader dies in the middle of forty actions
    Given 40 pods "shop/batch-0" to "shop/batch-39"
    And the standby "replica-2"
    And "replica-1" will die at its deletion number 17
    When the config "c1" version 1 orders to delete all of them
    And the system works for 90 seconds
    Then each of them was deleted once
    And the destination counts each of them once, as "succeeded"
