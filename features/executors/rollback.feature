@virtual-time @wire-faults @audit-trail @disposable @pods-run @controllers @cluster-wide
Feature: A rollback gives a workload the template it had before, once

  Background:
    Given the leader "replica-1"

  Scenario: A deployment goes back, and not forward again when the leader dies
    Given a deployment "shop/cart" with 2 pods
    And somebody has changed the template of the deployment "shop/cart"
    And the standby "replica-2"
    And "replica-1" will die just before noting the outcome
    When the config "c1" version 1 orders to roll back the deployment "shop/cart"
    And the system works
    Then "replica-1" is dead
    And the deployment "shop/cart" was changed once, by "replica-1"
    And the template of the deployment "shop/cart" is as it was before
    And the action "c1:v1" is "succeeded" and says "revision 1"

  Scenario: A stateful set goes back
    Given a stateful set "shop/db" with 1 pod
    And somebody has changed the template of the stateful set "shop/db"
    When the config "c1" version 1 orders to roll back the stateful set "shop/db"
    And the system works
    Then the stateful set "shop/db" was changed once, by "replica-1"
    And the template of the stateful set "shop/db" is as it was before

  Scenario: A daemon set goes back to a revision
    Given a daemon set "shop/logs"
    And somebody has changed the template of the daemon set "shop/logs"
    When the config "c1" version 1 orders to roll back the daemon set "shop/logs", with:
      | target_revision | 1 |
    And the system works
    Then the daemon set "shop/logs" was changed once, by "replica-1"
    And the template of the daemon set "shop/logs" is as it was before

  Scenario: There is nothing to go back to
    Given a deployment "shop/cart" with 2 pods
    When the config "c1" version 1 orders to roll back the deployment "shop/cart"
    And the system works
    Then the deployment "shop/cart" was never changed
    And the action "c1:v1" is "failed" and says "no revision before the present"

  Scenario: There is no such revision
    Given a deployment "shop/cart" with 2 pods
    When the config "c1" version 1 orders to roll back the deployment "shop/cart", with:
      | target_revision | 7 |
    And the system works
    Then the deployment "shop/cart" was never changed
    And the action "c1:v1" is "failed" and says "no revision 7"
