@wire-faults
Feature: get_resource reports an object and changes nothing

  Background:
    Given a config map "shop/settings" with the value "blue"
    And the leader "replica-1"

  Scenario Outline: An object is read by its <spelling>
    When the config "c1" version 1 orders to read the "<kind>" "shop/settings"
    And the system works
    Then the action "c1:v1" is "succeeded"
    And the destination received "blue" for "c1:v1"
    And nothing was executed

    Examples:
      | spelling | kind       |
      | kind     | ConfigMap  |
      | plural   | configmaps |

  Scenario: There is no such object
    When the config "c1" version 1 orders to read the "ConfigMap" "shop/nothing"
    And the system works
    Then the action "c1:v1" is "failed" and says "gone"

  Scenario Outline: Secrets are refused, however they are spelled: <kind>
    Given a secret "shop/password" with the value "hunter2"
    When the config "c1" version 1 orders to read the "<kind>" "shop/password"
    And the system works
    Then the action "c1:v1" is "<status>"
    And no agent has read "secrets"
    And the destination never received "hunter2"

    Examples:
      | kind    | status   |
      | Secret  | rejected |
      | secrets | rejected |
      | SECRET  | rejected |
      | Secrets | rejected |

  Scenario: The agent may not read the kind
    Given "replica-1" may not "get" "configmaps" named "settings"
    When the config "c1" version 1 orders to read the "ConfigMap" "shop/settings"
    And the system works for 60 seconds
    Then the action "c1:v1" is "failed" and says "forbid"

  Scenario: A read is repeated when the leader dies over it
    Given the standby "replica-2"
    And "replica-1" will die just after reading
    When the config "c1" version 1 orders to read the "ConfigMap" "shop/settings"
    And the system works
    Then the action "c1:v1" is "succeeded"
    And the destination received "blue" for "c1:v1"
    And the destination counts "c1:v1" once, as "succeeded"

  Scenario: What a read brought back is not kept in the history
    When the config "c1" version 1 orders to read the "ConfigMap" "shop/settings"
    And the system works
    Then the history does not contain "blue"
