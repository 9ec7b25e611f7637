@wire-faults
Feature: restart_deployment replaces the pods of a deployment, once

  Background:
    Given a deployment "shop/cart" with 3 pods
    And the leader "replica-1"

  @pods-run @controllers
  Scenario: All pods are replaced
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And all pods of the deployment "shop/cart" were replaced
    And the deployment "shop/cart" has 3 pods
    And the action "c1:v1" is "succeeded"
    And the destination counts "c1:v1" once, as "succeeded"

  Scenario: The deployment says which action restarted it
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the pod template of "shop/cart" carries the mark of "c1:v1"

  Scenario: There is no such deployment
    When the config "c1" version 1 orders to restart the deployment "shop/till"
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "failed" and says "gone"

  Scenario: The deployment was replaced under the same name since the order was given
    When the config "c1" version 1 orders to restart the deployment "shop/cart" by its UID, after it was replaced
    And the system works
    Then the deployment "shop/cart" was never restarted
    And the action "c1:v1" is "failed" and says "UID"

  Scenario: A paused deployment is refused with the reason
    Given a paused deployment "shop/till"
    When the config "c1" version 1 orders to restart the deployment "shop/till"
    And the system works
    Then the deployment "shop/till" was never restarted
    And the action "c1:v1" is "failed" and says "paused"

  Scenario: The agent may not patch deployments
    Given "replica-1" may not "patch" "deployments"
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works for 60 seconds
    Then the deployment "shop/cart" was never restarted
    And the action "c1:v1" is "failed" and says "forbid"

  Scenario: Two restarts within one second are two restarts
    When the config "c1" version 1 orders to restart the deployments "shop/cart, shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted 2 times
    And the action "c1:v1#0" is "succeeded"
    And the action "c1:v1#1" is "succeeded"

  Scenario: A deployment that is rolling out already is restarted all the same
    When somebody edits the deployment "shop/cart"
    And the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "succeeded"

  Scenario Outline: The API server answers <status> twice, then works
    Given the API server answers <status> to the first 2 patches of deployments
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works for 60 seconds
    Then the deployment "shop/cart" was restarted once, by "replica-1"
    And the action "c1:v1" is "succeeded"

    Examples:
      | status |
      | 429    |
      | 500    |
      | 503    |
