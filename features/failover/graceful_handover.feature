Feature: A leader that is shut down hands over at once

  Background:
    Given a pod "shop/web-0"
    And the leader "replica-1"
    And the standby "replica-2"

  Scenario: The standby does not wait for the lease to expire
    When "replica-1" is shut down
    And the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 5 seconds
    Then "replica-2" leads
    And the pod "shop/web-0" was deleted once, by "replica-2"

  Scenario: Work that was done before is not done again
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 5 seconds
    And "replica-1" is shut down
    And the system works
    Then "replica-2" leads
    And the pod "shop/web-0" was deleted once, by "replica-1"
    And the destination counts "c1:v1" once, as "succeeded"

  Scenario: A rolling update of the agents loses nothing and repeats nothing
    Given a deployment "shop/cart" with 2 pods
    When the config "c1" version 1 orders to restart the deployment "shop/cart"
    And "replica-3" starts
    And the system works for 5 seconds
    And "replica-1" is shut down
    And the config "c2" version 1 orders to delete the pod "shop/web-0"
    And "replica-4" starts
    And "replica-2" is shut down
    And the config "c3" version 1 orders to restart the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was restarted 2 times
    And the pod "shop/web-0" was deleted once
    And the destination counts "c1:v1" once, as "succeeded"
    And the destination counts "c2:v1" once, as "succeeded"
    And the destination counts "c3:v1" once, as "succeeded"
