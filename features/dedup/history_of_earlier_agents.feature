Feature: The history that earlier agents wrote is honoured

  Background:
    Given a deployment "shop/cart" with 2 pods
    And an earlier agent's history says that "c1" version 3 was executed

  Scenario: What an earlier agent executed is not executed again
    Given the leader "replica-1"
    When the config "c1" version 3 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was never restarted

  Scenario: An earlier agent's record stands for every action of its config
    Given a pod "shop/web-0"
    And a pod "shop/web-1"
    And the leader "replica-1"
    When the config "c1" version 3 orders to delete the pods "shop/web-0, shop/web-1"
    And the system works
    Then nothing was executed

  Scenario: A newer version than the earlier agent's is executed
    Given the leader "replica-1"
    When the config "c1" version 4 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"

  Scenario: A version older than the earlier agent's is superseded
    Given the leader "replica-1"
    When the config "c1" version 2 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was never restarted
    And the action "c1:v2" is "rejected" and says "superseded"

  Scenario: Another config is not affected
    Given the leader "replica-1"
    When the config "c2" version 3 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted once, by "replica-1"
