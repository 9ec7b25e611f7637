@virtual-time @audit-trail @disposable
Feature: An action runs when it may

  # Every scenario begins on Thursday, 2026-08-20, at 10:00:00 UTC.

  Background:
    Given a pod "shop/web-0"

  Scenario: A maintenance window opens
    Given the agents are set up with:
      | DD_KUBEACTIONS_WINDOWS | [{"schedule": "2 12 * * *", "duration": "1h", "time_zone": "Europe/Paris"}] |
    And the leader "replica-1"
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 60 seconds
    Then nothing was executed
    When somebody asks why "c1"
    Then somebody is answered "OutsideWindow"
    And somebody is answered "2026-08-20T10:02:00Z"
    When the system works for 120 seconds
    Then the pod "shop/web-0" was deleted once, by "replica-1", between 10:02:00 and 10:02:30

  Scenario: A window in which nothing may run closes
    Given the agents are set up with:
      | DD_KUBEACTIONS_WINDOWS | [{"kind": "deny", "schedule": "0 9 * * THU", "duration": "62m"}] |
    And the leader "replica-1"
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works for 60 seconds
    Then nothing was executed
    When the system works for 120 seconds
    Then the pod "shop/web-0" was deleted once, by "replica-1", between 10:02:00 and 10:02:30

  Scenario: An action that is to begin later
    Given the leader "replica-1"
    When the config "c1" version 1 orders to delete the pod "shop/web-0", with:
      | not_before | 2026-08-20T10:03:00Z |
    And the system works for 60 seconds
    Then nothing was executed
    When the system works for 180 seconds
    Then the pod "shop/web-0" was deleted once, by "replica-1", between 10:03:00 and 10:03:30
