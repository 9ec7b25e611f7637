Feature: The same id and version with other content is refused

  Background:
    Given a pod "shop/web-0"
    And a pod "shop/web-1"
    And the leader "replica-1"

  Scenario: The content changes after the action is done
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    And the config "c1" version 1 orders to delete the pod "shop/web-1"
    And the system works
    Then the pod "shop/web-1" was never deleted
    And the action "c1:v1" is "succeeded"
    And the destination counts "c1:v1" once, as "succeeded"
    And the source was told of an error in "c1": "conflicting content"

  Scenario: The content changes after the action was accepted and before it is done
    Given "replica-1" will die just after accepting the action
    And the standby "replica-2"
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 5 seconds
    And the config "c1" version 1 orders to delete the pod "shop/web-1"
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-2"
    And the pod "shop/web-1" was never deleted

  Scenario: Only a parameter changes
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    And the config "c1" version 1 orders to delete the pod "shop/web-0", with:
      | grace_period_seconds | 0 |
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And the source was told of an error in "c1": "conflicting content"
