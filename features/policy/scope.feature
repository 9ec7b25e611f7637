@wire-faults
Feature: Actions reach no further than the operator lets them

  Background:
    Given a pod "shop/web-0"

  Scenario Outline: <setting> = <value>
    Given the agents are set up with:
      | <setting> | <value> |
    And the leader "replica-1"
    When the config "c1" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "rejected" and says "<says>"
    And the destination counts "c1:v1" once, as "rejected"

    Examples:
      | setting                           | value            | says               |
      | DD_KUBEACTIONS_ALLOWED_NAMESPACES | elsewhere        | allowed_namespaces |
      | DD_KUBEACTIONS_ALLOWED_KINDS      | apps/Deployment  | allowed_kinds      |

  Scenario: An object that asks not to be touched
    Given a pod "shop/web-1" that asks not to be touched
    And the leader "replica-1"
    When the config "c1" version 1 orders to delete the pod "shop/web-1"
    And the config "c2" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the pod "shop/web-1" was never deleted
    And the action "c1:v1" is "rejected" and says "asks not to be touched"
    And the pod "shop/web-0" was deleted once, by "replica-1"
