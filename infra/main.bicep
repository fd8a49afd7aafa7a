// Everything the design backend needs in one resource group. What needs the app's code first (the subscription to blob
// events) is infra/events.bicep, deployed by infra/after_deploy.py. docs/deploy.md tells how.
targetScope = 'subscription'

import { Options } from 'modules/settings.bicep'

@minLength(1)
@maxLength(20)
@description('Name of the environment, such as dev, stage or prod; names and tags derive from it.')
param environmentName string

@description('Region of all resources. It must offer Flex Consumption with Python 3.13.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Object id of who deploys: may set the key, drop the smoke test\'s PRD and read its pack. Empty: nobody.')
param principalId string = ''

@allowed(['User', 'Group', 'ServicePrincipal'])
param principalType string = 'User'

@description('Where runs keep their state: azureStorage (in the storage account) or scheduler (Durable Task Scheduler).')
@allowed(['azureStorage', 'scheduler'])
param durableBackend string = 'azureStorage'

@allowed(['Consumption', 'Dedicated'])
param schedulerSku string = 'Consumption'

@description('Capacity units of a Dedicated scheduler; three make it highly available.')
@minValue(1)
@maxValue(3)
param schedulerCapacity int = 1

@description('Private endpoints for storage and vault, VNet integration for the app, and a firewall before all three.')
param privateNetwork bool = false

@description('IPv4 addresses or ranges that the firewalls let in besides, such as those of build agents.')
param allowedAddresses array = []

@description('Client id of an Entra ID app registration. Callers then sign in as well as bring a function key.')
param signInClientId string = ''

@description('Audiences of tokens that sign-in takes besides the registration\'s own.')
param signInAudiences string[] = []

@description('The vault of this environment was deleted and is recovered. Only then: infra/before_provision.py finds out.')
param recoverVault bool = false

@description('Claude in Microsoft Foundry: name of the resource. Empty: the Claude API with a key from Key Vault.')
param foundryResource string = ''

@description('Resource group of the Foundry resource, in this subscription.')
param foundryResourceGroup string = ''

@description('Who is told when an alert fires. Empty: alerts show in the portal alone.')
param alertEmail string = ''

@description('Alert when the calls to Claude of the last 24 hours cost more than this many US dollars.')
@minValue(1)
param dailyCostAlertUsd int = 50

@description('How long logs, spans and metrics are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Days after which PRDs are deleted, and 30 days later what their runs kept. 0 keeps all of it.')
@minValue(0)
param prdRetentionDays int = 0

@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@minValue(1)
@maxValue(1000)
param maximumInstances int = 40

@description('Instances of the durable functions that are always ready: 1 beyond trials. 0 starts them when there is work.')
@minValue(0)
param alwaysReadyInstances int = 0

@description('Zone-redundant storage and compute, where the region has zones.')
param zoneRedundant bool = false

@description('Settings of docs/settings.md in place of their defaults.')
param options Options = {}

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName, application: 'design-backend' }

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-design-backend-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  scope: group
  name: 'identity'
  params: { name: 'id-design-${token}', location: location, tags: tags }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  name: 'monitoring'
  params: { suffix: token, location: location, tags: tags, retentionDays: logRetentionDays }
}

module storage 'modules/storage.bicep' = {
  scope: group
  name: 'storage'
  params: {
    name: 'stdesign${token}'
    location: location
    tags: tags
    firewall: privateNetwork
    allowedAddresses: allowedAddresses
    zoneRedundant: zoneRedundant
    prdRetentionDays: prdRetentionDays
  }
}

module vault 'modules/vault.bicep' = if (empty(foundryResource)) {
  scope: group
  name: 'vault'
  params: {
    name: 'kv-${token}'
    location: location
    tags: tags
    recover: recoverVault
    firewall: privateNetwork
    allowedAddresses: allowedAddresses
    workspaceId: monitoring.outputs.workspaceId
  }
}

module scheduler 'modules/scheduler.bicep' = if (durableBackend == 'scheduler') {
  scope: group
  name: 'scheduler'
  params: {
    name: 'dts-design-${token}'
    location: location
    tags: tags
    sku: schedulerSku
    capacity: schedulerCapacity
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: group
  name: 'network'
  params: {
    name: 'vnet-design-${token}'
    location: location
    tags: tags
    storageId: storage.outputs.id
    vaultId: empty(foundryResource) ? vault!.outputs.id : ''
  }
}

module roles 'modules/roles.bicep' = {
  scope: group
  name: 'roles'
  params: {
    appPrincipalId: identity.outputs.principalId
    deployerPrincipalId: principalId
    deployerPrincipalType: principalType
    eventsPrincipalId: topic.outputs.principalId
    storageName: storage.outputs.name
    durableInStorage: durableBackend == 'azureStorage'
    vaultName: empty(foundryResource) ? vault!.outputs.name : ''
    insightsName: monitoring.outputs.insightsName
    schedulerName: durableBackend == 'scheduler' ? scheduler!.outputs.name : ''
    taskHubName: durableBackend == 'scheduler' ? scheduler!.outputs.taskHub : ''
  }
}

module foundryRole 'modules/roles.bicep' = if (!empty(foundryResource)) {
  scope: resourceGroup(empty(foundryResourceGroup) ? group.name : foundryResourceGroup)
  name: 'foundry-role-${token}'
  params: { appPrincipalId: identity.outputs.principalId, foundryName: foundryResource }
}

module app 'modules/app.bicep' = {
  scope: group
  name: 'app'
  params: {
    name: 'func-design-${token}'
    planName: 'plan-design-${token}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageName: storage.outputs.name
    insightsName: monitoring.outputs.insightsName
    vaultUri: empty(foundryResource) ? vault!.outputs.uri : ''
    foundryResource: foundryResource
    durableBackend: durableBackend
    schedulerEndpoint: durableBackend == 'scheduler' ? scheduler!.outputs.endpoint : ''
    taskHubName: durableBackend == 'scheduler' ? scheduler!.outputs.taskHub : ''
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    allowedAddresses: allowedAddresses
    signInClientId: signInClientId
    signInAudiences: signInAudiences
    instanceMemoryMB: instanceMemoryMB
    maximumInstances: maximumInstances
    alwaysReadyInstances: alwaysReadyInstances
    zoneRedundant: zoneRedundant
    options: options
  }
  dependsOn: [roles]
}

module topic 'modules/topic.bicep' = {
  scope: group
  name: 'topic'
  params: {
    name: 'evgt-prds-${token}'
    location: location
    tags: tags
    storageId: storage.outputs.id
    workspaceId: monitoring.outputs.workspaceId
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  name: 'alerts'
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    topicId: topic.outputs.id
    email: alertEmail
    dailyCostUsd: dailyCostAlertUsd
  }
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  name: 'workbook'
  params: { location: location, tags: tags, workspaceId: monitoring.outputs.workspaceId }
}

output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_APP_NAME string = app.outputs.name
output AZURE_FUNCTION_APP_URL string = app.outputs.url
output AZURE_STORAGE_BLOB_URL string = storage.outputs.blobUrl
output AZURE_EVENT_TOPIC_NAME string = topic.outputs.name
output AZURE_DURABLE_BACKEND string = durableBackend
output AZURE_KEY_VAULT_NAME string = empty(foundryResource) ? vault!.outputs.name : ''
