@virtual-time @wire-faults @audit-trail @disposable @pods-run @controllers @cluster-wide
Feature: Pausing, suspending and cordoning are done once, and undone by the opposite

  Background:
    Given a deployment "shop/cart" with 1 pods
    And a cron job "shop/nightly"
    And the leader "replica-1"

  Scenario Outline: To <verb> the <kind>, and to <undo> it
    When the config "c1" version 1 orders to <verb> the <kind> "<place>"
    And the system works
    Then the <kind> "<place>" was changed once, by "replica-1"
    And the <kind> "<place>" <state>
    And the action "c1:v1" is "succeeded"
    When the config "c2" version 1 orders to <undo> the <kind> "<place>"
    And the system works
    Then the <kind> "<place>" <before>
    And the action "c2:v1" is "succeeded"

    Examples:
      | verb    | undo     | kind       | place        | state             | before           |
      | pause   | resume   | deployment | shop/cart    | is paused         | is not paused    |
      | suspend | resume   | cron job   | shop/nightly | is suspended      | is not suspended |
      | cordon  | uncordon | node       | node-1       | takes no new pods | takes new pods   |

  Scenario: What is as wanted already is left alone
    Given somebody has cordoned the node "node-1"
    When the config "c1" version 1 orders to cordon the node "node-1"
    And the system works
    Then the node "node-1" was never changed
    And the action "c1:v1" is "succeeded" and says "already"

  Scenario: An administrator's cordon stays when only ours is to be undone
    Given somebody has cordoned the node "node-1"
    When the config "c1" version 1 orders to uncordon the node "node-1", with:
      | only_ours | true |
    And the system works
    Then the node "node-1" was never changed
    And the node "node-1" takes no new pods

  Scenario: There is no such node
    When the config "c1" version 1 orders to cordon the node "node-9"
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "failed" and says "gone"
