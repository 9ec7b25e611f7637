@wire-faults
Feature: Strangers who edit, strip and recreate the target do not make the agent repeat itself

  Background:
    Given a pod "shop/web-0"
    And a deployment "shop/cart" with 2 pods
    And the leader "replica-1"

  @controllers
  Scenario: Somebody strips the agent's marks after the restart, and its history shows in the replica sets
    Given the answer to "replica-1" will be lost after the effect
    And somebody will strip the marks from the deployment "shop/cart" a second after the effect
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "succeeded"

  @controllers
  Scenario: Somebody strips the marks and removes the replica sets: the agent says that it does not know
    Given the answer to "replica-1" will be lost after the effect
    And somebody will strip every trace from the deployment "shop/cart" a second after the effect
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "unknown"
    And the destination counts "c1:v1" once, as "unknown"

  Scenario: Somebody edits the deployment just before the restart
    Given somebody will edit the deployment "shop/cart" just before the effect
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "succeeded"

  @pods-run @controllers
  Scenario: Somebody scales the deployment just before the restart, and keeps the new size
    Given somebody will scale the deployment "shop/cart" to 5 just before the effect
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the deployment "shop/cart" has 5 pods

  @pods-run
  Scenario: Somebody replaces the pod under the same name just before the deletion
    Given somebody will replace the pod "shop/web-0" just before the effect
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the pod "shop/web-0" was never deleted by an agent
    And a pod "shop/web-0" is running
    And the action "c1:v1" is "failed"

  Scenario: Somebody deletes the pod just before the agent does
    Given somebody will delete the pod "shop/web-0" just before the effect
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the pod "shop/web-0" was never deleted by an agent
    And the action "c1:v1" is "failed" and says "gone"

  Scenario: Somebody replaces the deployment under the same name just before the restart
    Given somebody will replace the deployment "shop/cart" just before the effect
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was never restarted
    And the action "c1:v1" is "failed"
