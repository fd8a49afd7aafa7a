// The function app on a Flex Consumption plan. It reaches everything with its identity; no setting holds a secret.
import { Options } from 'settings.bicep'

@minLength(2)
@maxLength(60)
param name string
param planName string
param location string
param tags object
param identityId string
param identityClientId string
param storageName string
param insightsName string

@description('Empty where Claude is reached through Foundry.')
param vaultUri string
param foundryResource string

@allowed(['azureStorage', 'scheduler'])
param durableBackend string

@description('Empty where the storage account keeps the state of runs.')
param schedulerEndpoint string
param taskHubName string

@description('Empty without a virtual network; with one, the firewall is up.')
param subnetId string
param allowedAddresses array
param signInClientId string
param signInAudiences string[]
param instanceMemoryMB int
param maximumInstances int
param alwaysReadyInstances int
param zoneRedundant bool
param options Options

resource account 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: storageName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

// The host itself resolves this one, in the sweep's trigger, so that it must be set.
var defaults = { SWEEP_SCHEDULE: '0 */5 * * * *' }

var settings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AzureWebJobsStorage__blobServiceUri: account.properties.primaryEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: account.properties.primaryEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: account.properties.primaryEndpoints.table
  APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  PYTHON_ENABLE_OPENTELEMETRY: 'true' // with "telemetryMode" in host.json, see docs/telemetry.md
  AZURE_FUNCTIONS_DURABLE_STRICT_TYPING: 'true'
}

var claudeSettings = empty(foundryResource) ? { KEY_VAULT_URL: vaultUri } : { FOUNDRY_RESOURCE: foundryResource }

// That the scheduler keeps the runs is said by the package's host.json (infra/backends.py): Azure's scale controller reads
// that file alone.
var schedulerSettings = {
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${identityClientId};TaskHub=${taskHubName}'
}

var durableSettings = durableBackend == 'scheduler' ? schedulerSettings : {}

// Blob events come from Event Grid, agentless pipeline jobs from Azure DevOps; both bring a key.
var services = ['AzureEventGrid', 'AzureDevOps']
var serviceRules = [
  for (service, i) in services: {
    name: service
    priority: 100 + i
    action: 'Allow'
    tag: 'ServiceTag'
    ipAddress: service
  }
]
var addressRules = [
  for (address, i) in allowedAddresses: {
    name: 'allowed-${i}'
    priority: 200 + i
    action: 'Allow'
    ipAddress: contains(address, '/') ? address : '${address}/32'
  }
]

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true, zoneRedundant: zoneRedundant }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${account.properties.primaryEndpoints.blob}deployments'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      runtime: { name: 'python', version: '3.13' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstances
        alwaysReady: alwaysReadyInstances > 0 ? [{ name: 'durable', instanceCount: alwaysReadyInstances }] : []
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      ipSecurityRestrictionsDefaultAction: empty(subnetId) ? 'Allow' : 'Deny'
      ipSecurityRestrictions: empty(subnetId) ? [] : concat(serviceRules, addressRules)
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(defaults, options, settings, claudeSettings, durableSettings)
  }

  // Callers sign in besides bringing a function key. Event Grid brings the extension's key, and a probe has nothing.
  // The run pages hold no data: they must load before they can lead to the sign-in.
  resource signIn 'config' = if (!empty(signInClientId)) {
    name: 'authsettingsV2'
    properties: {
      platform: { enabled: true }
      globalValidation: {
        requireAuthentication: true
        unauthenticatedClientAction: 'Return401'
        excludedPaths: ['/api/health', '/api/ui', '/api/ui/*', '/runtime/webhooks/blobs']
      }
      httpSettings: { requireHttps: true }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: signInClientId
            openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          }
          validation: { allowedAudiences: concat(['api://${signInClientId}', signInClientId], signInAudiences) }
        }
      }
      login: { tokenStore: { enabled: false } }
    }
  }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
