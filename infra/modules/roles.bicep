// Every role assignment there is: who may do what, and where. Each role has the narrowest scope that works; role ids
// are Azure's built-in ones. A target whose name is empty is not there, and nobody gets a role on it.
@description('The app\'s identity.')
param appPrincipalId string

@description('Who deploys and tests; empty: nobody.')
param deployerPrincipalId string = ''
param deployerPrincipalType string = 'User'

@description('The identity of the topic that tells of blobs.')
param eventsPrincipalId string = ''

param storageName string = ''
param durableInStorage bool = false
param vaultName string = ''
param insightsName string = ''
param schedulerName string = ''
param taskHubName string = ''
param foundryName string = ''

var roles = {
  blobOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b' // Storage Blob Data Owner
  blobContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe' // Storage Blob Data Contributor
  blobReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1' // Storage Blob Data Reader
  queueContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88' // Storage Queue Data Contributor
  tableContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3' // Storage Table Data Contributor
  secretsUser: '4633458b-17de-408a-b874-0445c86b69e6' // Key Vault Secrets User
  secretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7' // Key Vault Secrets Officer
  metricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb' // Monitoring Metrics Publisher
  durableContributor: '0ad04412-c4d5-4796-b79c-f76d14c8d402' // Durable Task Data Contributor
  cognitiveUser: 'a97b65f3-24c7-4388-baec-2e87135dc908' // Cognitive Services User
}

// The Functions host keeps locks, keys and leases in containers that it makes itself, so the account is the scope.
var hostRoles = [roles.blobOwner, roles.queueContributor]
var accountRoles = durableInStorage ? concat(hostRoles, [roles.tableContributor]) : hostRoles

var deployerContainers = [
  { container: 'prds', role: roles.blobContributor } // the smoke test drops its PRD
  { container: 'designs', role: roles.blobReader } // and waits for its manifest
  { container: 'runs', role: roles.blobReader } // and sees how its run was started
  { container: 'releases', role: roles.blobContributor } // the package to return to
]

// A target that is not there still needs a name that Resource Manager can evaluate.
var storage = empty(storageName) ? 'absent' : storageName
var scheduler = empty(schedulerName) ? 'absent/absent' : '${schedulerName}/${taskHubName}'

resource account 'Microsoft.Storage/storageAccounts@2025-08-01' existing = if (!empty(storageName)) {
  name: storage
}

resource deadLetters 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' existing = if (!empty(storageName)) {
  name: '${storage}/default/dead-letters'
}

resource deployable 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' existing = [
  for grant in deployerContainers: {
    name: '${storage}/default/${grant.container}'
  }
]

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = if (!empty(vaultName)) {
  name: empty(vaultName) ? 'absent' : vaultName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = if (!empty(insightsName)) {
  name: empty(insightsName) ? 'absent' : insightsName
}

resource taskHub 'Microsoft.DurableTask/schedulers/taskHubs@2025-11-01' existing = if (!empty(schedulerName)) {
  name: scheduler
}

resource foundry 'Microsoft.CognitiveServices/accounts@2025-12-01' existing = if (!empty(foundryName)) {
  name: empty(foundryName) ? 'absent' : foundryName
}

resource appOnAccount 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in accountRoles: if (!empty(storageName)) {
    scope: account
    name: guid(account.id, appPrincipalId, role)
    properties: {
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource appOnVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(vaultName)) {
  scope: vault
  name: guid(vault.id, appPrincipalId, roles.secretsUser)
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.secretsUser)
  }
}

resource appOnInsights 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(insightsName)) {
  scope: insights
  name: guid(insights.id, appPrincipalId, roles.metricsPublisher)
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.metricsPublisher)
  }
}

resource appOnTaskHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(schedulerName)) {
  scope: taskHub
  name: guid(taskHub.id, appPrincipalId, roles.durableContributor)
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.durableContributor)
  }
}

resource appOnFoundry 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(foundryName)) {
  scope: foundry
  name: guid(foundry.id, appPrincipalId, roles.cognitiveUser)
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.cognitiveUser)
  }
}

resource eventsOnDeadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(eventsPrincipalId)) {
  scope: deadLetters
  name: guid(deadLetters.id, eventsPrincipalId, roles.blobContributor)
  properties: {
    principalId: eventsPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobContributor)
  }
}

resource deployerOnContainers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (grant, i) in deployerContainers: if (!empty(deployerPrincipalId)) {
    scope: deployable[i]
    name: guid(deployable[i].id, deployerPrincipalId, grant.role)
    properties: {
      principalId: deployerPrincipalId
      principalType: deployerPrincipalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.role)
    }
  }
]

resource deployerOnVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerPrincipalId) && !empty(vaultName)) {
  scope: vault
  name: guid(vault.id, deployerPrincipalId, roles.secretsOfficer)
  properties: {
    principalId: deployerPrincipalId
    principalType: deployerPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.secretsOfficer)
  }
}
