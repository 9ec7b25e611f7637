@wire-faults @pods-run
Feature: A command that is refused, or does not reach the container, is not run

  Background:
    Given a pod "shop/web-0"
    And the operator allows the commands "df, sh" in containers
    And the operator allows the paths "/var/log" in containers

  # The order, the operator and the built-in limits must all allow it

  Scenario Outline: <command> is refused
    Given the leader "replica-1"
    When the config "c1" version 1 orders to run df in the pod "shop/web-0", with:
      | command | <command> |
      | <name>  | <value>   |
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "rejected" and says "<reason>"

    Examples:
      | command                      | name             | value           | reason                            |
      | ["ps"]                       | mode             | read-only       | not among the allowed commands    |
      | ["df", "/var/logs"]          | mode             | read-only       | not under an allowed path         |
      | ["df"]                       | comand           | ["df"]          | did you mean command              |
      | ["sh", "-c", "df"]           | mode             | read-only       | not known to change nothing       |
      | ["df"]                       | mode             | remediation     | is not allowed here               |
      | ["df"]                       | allowed_commands | ["cat"]         | the order's own allowed_commands  |
      | ["df", "/var/log,/etc"]      | allowed_paths    | ["/var/log"]    | not under an allowed path         |

  Scenario: Nothing may be run where the operator has allowed nothing
    Given the operator allows no commands in containers
    And the leader "replica-1"
    When the config "c1" version 1 orders to run df in the pod "shop/web-0"
    And the system works
    Then no command began
    And the action "c1:v1" is "rejected" and says "none at all"

  # It runs in the pod that was meant, or nowhere

  Scenario: There is no such pod
    Given the leader "replica-1"
    When the config "c1" version 1 orders to run df in the pod "shop/web-9"
    And the system works
    Then no command began
    And the action "c1:v1" is "failed" and says "gone"

  Scenario: The pod was replaced since the order was given
    Given the leader "replica-1"
    When the config "c1" version 1 orders to run df in the pod "shop/web-0" by its UID, after it was replaced
    And the system works
    Then no command began
    And the action "c1:v1" is "failed" and says "UID"

  Scenario: The pod is replaced when the intent is on record
    Given the leader "replica-1"
    And somebody will replace the pod "shop/web-0" just after noting its intent
    When the config "c1" version 1 orders to run df in the pod "shop/web-0"
    And the system works
    Then no command began
    And the action "c1:v1" is "failed" and says "it was replaced"

  Scenario Outline: The agent may not <verb> <resource>
    Given the leader "replica-1"
    And "replica-1" may not "<verb>" "<resource>"
    When the config "c1" version 1 orders to run df in the pod "shop/web-0"
    And the system works
    Then no command began
    And the action "c1:v1" is "failed" and says "forbid"

    Examples:
      | verb | resource  |
      | get  | pods      |
      | get  | pods/exec |

  # What may have begun is unknown, and not tried again

  Scenario: The request is lost on its way
    Given the leader "replica-1"
    And the standby "replica-2"
    And the request of "replica-1" will be lost before running the command
    When the config "c1" version 1 orders to run df in the pod "shop/web-0"
    And the system works
    Then no command began
    And the action "c1:v1" is "unknown"

  Scenario: The leader is killed just before, which nobody can tell from just after
    Given the leader "replica-1"
    And the standby "replica-2"
    And "replica-1" will die just before running the command
    When the config "c1" version 1 orders to run df in the pod "shop/web-0"
    And the system works
    Then no command began
    And the action "c1:v1" is "unknown"
