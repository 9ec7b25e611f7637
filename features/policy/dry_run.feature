@wire-faults
Feature: A dry run changes nothing and cannot be taken for a success

  Background:
    Given a pod "shop/web-0"
    And a deployment "shop/cart" with 2 pods

  Scenario: The operator has switched the system to dry runs
    Given the agents are set up with:
      | DD_KUBEACTIONS_DRY_RUN | true |
    And the leader "replica-1"
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the config "c2" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "dry_run" and says "dry run, nothing was changed"
    And the action "c2:v1" is "dry_run" and says "the API server would accept it"
    And the destination counts "c1:v1" once, as "dry_run"
    And a pod "shop/web-0" is running

  Scenario: One action asks for it
    Given the leader "replica-1"
    When the config "c1" version 1 orders to delete the pod "shop/web-0", with:
      | dry_run | true |
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "dry_run"

  Scenario: It says what would be refused
    Given the leader "replica-1"
    And "replica-1" may not "delete" "pods"
    When the config "c1" version 1 orders to delete the pod "shop/web-0", with:
      | dry_run | true |
    And the system works
    Then the action "c1:v1" is "dry_run" and says "would refuse it"
