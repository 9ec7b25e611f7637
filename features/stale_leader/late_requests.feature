@wire-faults
Feature: A request that the network delivers late, after its sender is gone, changes nothing twice

  Background:
    Given a pod "shop/web-0"
    And a deployment "shop/cart" with 2 pods
    And the leader "replica-1"
    And the standby "replica-2"

  Scenario: The new leader has deleted the pod when the old leader's request arrives
    Given the request of "replica-1" will arrive 30 seconds late at the effect, and it dies
    When the config "c1" version 1 orders to delete the pod "shop/web-0", with:
      | grace_period_seconds | 0 |
    And the system works for 60 seconds
    Then the pod "shop/web-0" was deleted once, by "replica-2"
    And the action "c1:v1" is "succeeded"

  @pods-run
  Scenario: The pod was deleted and recreated when the old leader's request arrives
    Given the request of "replica-1" will arrive 30 seconds late at the effect, and it dies
    And somebody will recreate the pod "shop/web-0" when it is deleted
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 60 seconds
    Then the pod "shop/web-0" was deleted once, by "replica-2"
    And a pod "shop/web-0" is running

  Scenario: The old leader's request arrives just before the new leader's
    Given the request of "replica-1" will be held up at the effect until just before that of "replica-2", and it dies
    When the config "c1" version 1 orders to delete the pod "shop/web-0", with:
      | grace_period_seconds | 0 |
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And the action "c1:v1" is "succeeded"

  Scenario: The new leader has restarted the deployment when the old leader's request arrives
    Given the request of "replica-1" will arrive 30 seconds late at the effect, and it dies
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works for 60 seconds
    Then the deployment "shop/cart" was restarted once, by "replica-2"
    And the action "c1:v1" is "succeeded"

  Scenario: The old leader's restart arrives just before the new leader's
    Given the request of "replica-1" will be held up at the effect until just before that of "replica-2", and it dies
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "succeeded"

  Scenario: The new leader has restarted the deployment, and somebody has edited it since
    Given the request of "replica-1" will arrive 60 seconds late at the effect, and it dies
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works for 40 seconds
    And somebody strips the marks from the deployment "shop/cart"
    And the system works for 60 seconds
    Then the deployment "shop/cart" was restarted once, by "replica-2"
    And the action "c1:v1" is "succeeded"

  Scenario: An acceptance that arrives after the new leader took over is refused
    Given the request of "replica-1" will arrive 30 seconds late at accepting the action, and it dies
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works for 60 seconds
    Then the deployment "shop/cart" was restarted once, by "replica-2"
    And the destination counts "c1:v1" once, as "succeeded"
