Feature: Results leave traces where people look for them

  Background:
    Given a pod "shop/web-0"
    And a deployment "shop/cart" with 2 pods
    And the results are also written into a JSON lines file
    And the leader "replica-1"

  Scenario: An Event on the target, with the mark of the action
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then there is an Event about "shop/cart" with the mark of "c1:v1"

  Scenario: A JSON lines file, one result a line
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the config "c2" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the JSON lines file holds "c1:v1" once, as "succeeded"
    And the JSON lines file holds "c2:v1" once, as "succeeded"

  Scenario: Another leader reports into the same places and repeats nothing
    Given the standby "replica-2"
    And "replica-1" will die just after reporting
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then "replica-2" leads
    And the JSON lines file holds "c1:v1" once, as "succeeded"
    And there is an Event about "shop/cart" with the mark of "c1:v1"
