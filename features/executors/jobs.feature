@virtual-time @wire-faults @audit-trail @disposable @pods-run @controllers @cluster-wide
Feature: delete_job and trigger_cronjob act on one job, once

  Background:
    Given a cron job "shop/nightly"
    And the leader "replica-1"

  Scenario: A job is deleted
    Given a job "shop/import"
    When the config "c1" version 1 orders to delete the job "shop/import"
    And the system works
    Then the job "shop/import" is gone
    And the action "c1:v1" is "succeeded"

  Scenario: The job was replaced under the same name since the order was given
    Given a job "shop/import"
    When the config "c1" version 1 orders to delete the job "shop/import" by its UID, after it was replaced
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "failed" and says "UID"

  Scenario: A cron job is run now, also when it is suspended
    Given a suspended cron job "shop/weekly"
    When the config "c1" version 1 orders to trigger the cron job "shop/weekly"
    And the system works
    Then 1 job was started from the cron job "shop/weekly", with the mark of "c1:v1"
    And the action "c1:v1" is "succeeded"

  Scenario: The leader dies when it has started the job: no second one is started
    Given the standby "replica-2"
    And "replica-1" will die just before noting the outcome
    When the config "c1" version 1 orders to trigger the cron job "shop/nightly"
    And the system works
    Then "replica-1" is dead
    And 1 job was started from the cron job "shop/nightly", with the mark of "c1:v1"
    And the action "c1:v1" is "succeeded"

  Scenario: The leader dies before it starts the job: nobody can tell, and nobody starts one
    Given the standby "replica-2"
    And "replica-1" will die just after noting its intent
    When the config "c1" version 1 orders to trigger the cron job "shop/nightly"
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "unknown"
