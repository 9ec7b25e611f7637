@wire-faults @scripted-programs
Feature: exec_command runs a command in a container, at most once

  Background:
    Given a pod "shop/web-0"
    And the operator allows the commands "df, sh" in containers
    And the operator allows the paths "/var/log" in containers
    And the command "df" prints "42 % used"

  # What a command printed is reported, with the code that it ended with

  Scenario: It succeeds
    Given the leader "replica-1"
    When the config "c1" version 1 orders to run df in the pod "shop/web-0"
    And the system works
    Then the command "df" ran once in "shop/web-0", by "replica-1"
    And the action "c1:v1" is "succeeded" and says "ended with code 0"
    And the destination received "42 % used" for "c1:v1"
    And the destination counts "c1:v1" once, as "succeeded"
    And the history does not contain "42 % used"

  Scenario: It ends with another code
    Given the leader "replica-1"
    And the command "df" prints "no such device" and ends with code 3
    When the config "c1" version 1 orders to run df in the pod "shop/web-0"
    And the system works
    Then the command "df" ran once in "shop/web-0", by "replica-1"
    And the action "c1:v1" is "failed" and says "ended with code 3"
    And the destination received "no such device" for "c1:v1"

  Scenario: It prints more than is kept
    Given the leader "replica-1"
    And the command "df" prints 1100000 bytes
    When the config "c1" version 1 orders to run df in the pod "shop/web-0"
    And the system works
    Then the action "c1:v1" is "succeeded" and says "stdout cut after 1048576 bytes"

  Scenario: It cannot be started
    Given the leader "replica-1"
    And the command "df" cannot be started
    When the config "c1" version 1 orders to run df in the pod "shop/web-0"
    And the system works
    Then the action "c1:v1" is "failed" and says "could not be started"

  Scenario: The same config comes again
    Given the leader "replica-1"
    When the config "c1" version 1 orders to run df in the pod "shop/web-0"
    And the system works
    And the config "c1" version 1 orders to run df in the pod "shop/web-0"
    And the system works
    Then the command "df" ran once in "shop/web-0", by "replica-1"

  # A path is looked at whole

  Scenario: A path under an allowed root
    Given the leader "replica-1"
    When the config "c1" version 1 orders to run df in the pod "shop/web-0", with:
      | command | ["df", "/var/log/pods"] |
    And the system works
    Then the command "df" ran once in "shop/web-0", by "replica-1"

  # It runs in the pod that was meant, unless that goes in the last instant

  Scenario: The pod is replaced in the last instant, which nothing can prevent and the outcome does not hide
    Given the leader "replica-1"
    And somebody will replace the pod "shop/web-0" just before running the command
    When the config "c1" version 1 orders to run df in the pod "shop/web-0"
    And the system works
    Then the command "df" ran once in "shop/web-0", by "replica-1"
    And the action "c1:v1" is "unknown" and says "the pod was replaced meanwhile"

  # A command whose end was not seen is unknown, and never run again

  Scenario: It takes its time
    Given the leader "replica-1"
    And the standby "replica-2"
    And the command "df" takes 4 seconds
    When the config "c1" version 1 orders to run df in the pod "shop/web-0"
    And the system works
    Then the action "c1:v1" is "succeeded"
    And the destination received "at last" for "c1:v1"

  Scenario: It takes too long
    Given the leader "replica-1"
    And the standby "replica-2"
    And the command "df" prints "so far" and never ends
    When the config "c1" version 1 orders to run df in the pod "shop/web-0", with:
      | timeout_seconds | 3 |
    And the system works
    Then the command "df" ran once in "shop/web-0", by "replica-1"
    And the action "c1:v1" is "unknown" and says "did not end within 3 s"
    And the destination received "so far" for "c1:v1"

  Scenario: The connection breaks while it runs
    Given the leader "replica-1"
    And the standby "replica-2"
    And the connection breaks while the command "df" runs
    When the config "c1" version 1 orders to run df in the pod "shop/web-0"
    And the system works
    Then the command "df" ran once in "shop/web-0", by "replica-1"
    And the action "c1:v1" is "unknown" and says "the connection broke"

  Scenario: The leader is killed while it runs
    Given the leader "replica-1"
    And the standby "replica-2"
    And "replica-1" will die just after running the command
    When the config "c1" version 1 orders to run df in the pod "shop/web-0"
    And the system works
    Then "replica-1" is dead
    And the command "df" ran once in "shop/web-0", by "replica-1"
    And the action "c1:v1" is "unknown"
    And the destination counts "c1:v1" once, as "unknown"

  Scenario: The leader stands still just before and wakes up when another leads
    Given the leader "replica-1"
    And the standby "replica-2"
    And "replica-1" will stand still for 30 seconds just before running the command
    When the config "c1" version 1 orders to run df in the pod "shop/web-0"
    And the system works
    Then the command "df" ran once in "shop/web-0", by "replica-1"
    And the action "c1:v1" is "unknown"

  # A guarded command leaves a trace in its container, so that less is unknown

  Scenario Outline: Guarded: the leader is killed just <side> running it
    Given a shell in the containers that can make directories
    And the leader "replica-1"
    And the standby "replica-2"
    And "replica-1" will die just <side> running the command
    When the config "c1" version 1 orders to run df in the pod "shop/web-0", with:
      | once | true |
    And the system works
    Then "replica-1" is dead
    And the command "df" ran <times>
    And the action "c1:v1" is "<status>" and says "<words>"

    Examples:
      | side   | times     | status    | words                          |
      | after  | once      | succeeded | ended with code 0, says        |
      | before | not at all | failed    | had not begun, and never will |

  Scenario: Guarded: a request that arrives late finds the guard taken
    Given a shell in the containers that can make directories
    And the leader "replica-1"
    And the standby "replica-2"
    And "replica-1" will stand still for 30 seconds just before running the command
    When the config "c1" version 1 orders to run df in the pod "shop/web-0", with:
      | once | true |
    And the system works
    Then the command "df" ran not at all
    And the action "c1:v1" is "failed" and says "had not begun, and never will"

  Scenario: Guarded: a connection that breaks is no riddle
    Given a shell in the containers that can make directories
    And the leader "replica-1"
    And the answer to "replica-1" will be lost after running the command
    When the config "c1" version 1 orders to run df in the pod "shop/web-0", with:
      | once | true |
    And the system works
    Then the command "df" ran once
    And the action "c1:v1" is "succeeded" and says "ended with code 0, says"
