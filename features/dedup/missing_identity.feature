Feature: A config without an id or a version is not executed

  Scenario Outline: A file named <file>
    Given a pod "shop/web-0"
    And the leader "replica-1"
    When the file "<file>" orders to delete the pod "shop/web-0"
    And the system works
    Then nothing was executed
    And the log names "<file>"

    Examples:
      | file        |
      | c1.json     |
      | c1@.json    |
      | c1@-1.json  |
      | c1@one.json |

  Scenario Outline: A file whose name gives no <what>
    Given a pod "shop/web-0"
    And the leader "replica-1"
    When the file "<file>" orders to delete the pod "shop/web-0"
    And the system works
    Then nothing was executed
    And the source was told of an error in "<id>": "metadata.<what>"

    Examples:
      | what    | file      | id |
      | id      | @1.json   |    |
      | version | c1@0.json | c1 |

  Scenario: It does not keep the others from being executed
    Given a pod "shop/web-0"
    And a pod "shop/web-1"
    And the leader "replica-1"
    When the file "nameless.json" orders to delete the pod "shop/web-0"
    And the config "c1" version 1 orders to delete the pod "shop/web-1"
    And the system works
    Then the pod "shop/web-0" was never deleted
    And the pod "shop/web-1" was deleted once, by "replica-1"
